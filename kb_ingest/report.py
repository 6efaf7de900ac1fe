"""What an import says at its end: the same to the terminal, to a program and over HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.language import Language
from kb_ingest.content import Problem
from kb_ingest.importer import ImportedFile


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a file was refused as a whole: a stable code and a sentence."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file: what was found in it, what that did to the base, and what was left out."""

    name: str
    questions: int
    passages: int
    added: int
    changed: int
    unchanged: int
    problems: tuple[Problem, ...]
    refused: Refusal | None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """All files together. `problems` counts places that were left out, `refused` whole files."""

    added: int
    changed: int
    unchanged: int
    problems: int
    refused: int
    dry_run: bool
    files: tuple[FileReport, ...]


def make_report(imported: Sequence[ImportedFile], language: Language, *, dry_run: bool) -> ImportReport:
    """The report of an import, refusals in the reader's language."""
    files = tuple(_file_report(item, language) for item in imported)
    return ImportReport(
        added=sum(file.added for file in files),
        changed=sum(file.changed for file in files),
        unchanged=sum(file.unchanged for file in files),
        problems=sum(len(file.problems) for file in files),
        refused=sum(file.refused is not None for file in files),
        dry_run=dry_run,
        files=files,
    )


def _file_report(item: ImportedFile, language: Language) -> FileReport:
    read, refused = item.file, item.file.refused
    return FileReport(
        name=read.name,
        questions=len(read.entries) - read.passages,
        passages=read.passages,
        added=item.result.added,
        changed=item.result.changed,
        unchanged=item.result.unchanged,
        problems=read.problems,
        refused=None if refused is None else Refusal(refused.code, refused.detail(language)),
    )
