"""Files into knowledge: opens them, unpacks archives, parses each part alone, and reports what became of each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kb_ingest.archives import MAX_FILE, check_source, unpack
from kb_ingest.content import Options, Problem, Source
from kb_ingest.formats.registry import ARCHIVES, YAML, check_kind, kind_of, suffix_of
from kb_ingest.isolation import Limits, parse_isolated
from kb_ingest.passages import PASSAGE
from kb_ingest.refusals import MEGABYTE, FileRefused, MissingFile, TooLarge
from retrieval.types import Entry


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What a file gave: entries and problems, or the reason why it was refused as a whole."""

    name: str
    entries: tuple[Entry, ...] = ()
    problems: tuple[Problem, ...] = ()
    refused: FileRefused | None = None

    @property
    def passages(self) -> int:
        """How many of its entries are passages; the others are questions with answers."""
        return sum(PASSAGE in entry.labels for entry in self.entries)


def open_files(paths: Iterable[Path]) -> Iterator[Source | ReadFile]:
    """The sources in files, archives unpacked; what cannot be opened comes back refused."""
    for path in paths:
        try:
            check_kind(suffix_of(path.name))
            if path.stat().st_size > MAX_FILE:
                raise TooLarge(limit=MAX_FILE // MEGABYTE)
            yield from expand(Source(path.name, path.read_bytes()))
        except FileRefused as error:
            yield ReadFile(path.name, refused=error)
        except OSError:
            yield ReadFile(path.name, refused=MissingFile())


def expand(source: Source) -> Iterator[Source | ReadFile]:
    """The source itself if it is safe to parse, or the files inside it if it is a zip."""
    try:
        if kind_of(source) not in ARCHIVES:
            check_source(source)
            yield source
            return
        if len(source.data) > MAX_FILE:
            raise TooLarge(limit=MAX_FILE // MEGABYTE)
        for member in unpack(source):
            yield member if isinstance(member, Source) else ReadFile(member[0], refused=member[1])
    except FileRefused as error:
        yield ReadFile(source.name, refused=error)


def join_projects(sources: Iterable[Source | ReadFile]) -> list[Source | ReadFile]:
    """Sources with all YAML files made one: a Rasa project keeps questions and answers in different files."""
    everything = list(sources)
    parts = [item for item in everything if isinstance(item, Source) and kind_of(item) in YAML]
    if len(parts) < 2:
        return everything
    joined = replace(parts[0], companions=tuple(parts[1:]))
    rest = [item for item in everything if not any(item is part for part in parts)]
    return [*rest, joined]


def read_source(source: Source | ReadFile, options: Options, limits: Limits) -> ReadFile:
    """What one source gives. Blocks while its child process works."""
    if isinstance(source, ReadFile):
        return source
    name = " + ".join(item.name for item in (source, *source.companions))
    try:
        parsed = parse_isolated(source, options, limits)
    except FileRefused as error:
        return ReadFile(name, refused=error)
    return ReadFile(name, parsed.entries, parsed.problems)


def settle_conflicts(files: Sequence[ReadFile]) -> list[ReadFile]:
    """Files without the entries that a later file of the same import says differently; the earlier file says so."""
    winners = {entry.id: (file.name, entry) for file in files for entry in file.entries}
    settled: list[ReadFile] = []
    for file in files:
        lost = [entry for entry in file.entries if winners[entry.id][1] != entry]
        problems = tuple(Problem(entry.question[:40], f"被“{winners[entry.id][0]}”中的同一条取代") for entry in lost)
        kept = tuple(entry for entry in file.entries if winners[entry.id][1] == entry)
        settled.append(replace(file, entries=kept, problems=(*file.problems, *problems)))
    return settled
