"""Which parser reads which file, and what is told of files that none reads. Parsers are imported when needed."""

from importlib import import_module
from pathlib import PurePosixPath
from typing import Final, cast

from kb_ingest.content import Parser, Source
from kb_ingest.refusals import HasMacros, OldFormat, UnsupportedFile

_MODULES: Final = {
    ".jsonl": "json_lines",
    ".ndjson": "json_lines",
    ".csv": "csv_table",
    ".tsv": "csv_table",
    ".xlsx": "spreadsheet",
    ".xls": "spreadsheet",
    ".ods": "spreadsheet",
    ".docx": "word",
    ".pdf": "pdf",
    ".pptx": "slides",
    ".html": "html_page",
    ".htm": "html_page",
    ".md": "markdown_text",
    ".markdown": "markdown_text",
    ".txt": "plain_text",
    ".yml": "rasa",
    ".yaml": "rasa",
}
_BETTER: Final = {".doc": "docx", ".ppt": "pptx", ".wps": "docx", ".et": "xlsx", ".dps": "pptx"}
_WITH_MACROS: Final = {".docm", ".dotm", ".xlsm", ".xltm", ".xlsb", ".xlam", ".pptm", ".potm", ".ppsm"}
ZIP_BASED: Final = {".xlsx", ".ods", ".docx", ".pptx"}
YAML: Final = {".yml", ".yaml"}
ARCHIVES: Final = {".zip"}


def suffix_of(name: str) -> str:
    """The lower-case ending of a file name or address, e.g. `.docx`."""
    return PurePosixPath(name).suffix.lower()


def kind_of(source: Source) -> str:
    """What decides the parser of a source: the ending of its name, unless it came with a kind of its own."""
    return source.kind or suffix_of(source.name)


def check_kind(suffix: str) -> None:
    """Says at once, without opening a file with this ending, that its kind cannot be read.

    Raises:
        HasMacros, OldFormat, UnsupportedFile: what its owner can do.
    """
    if suffix in _WITH_MACROS:
        raise HasMacros
    if suffix in _BETTER:
        raise OldFormat(better=_BETTER[suffix])
    if suffix not in _MODULES and suffix not in ARCHIVES:
        raise UnsupportedFile


def parser_for(source: Source) -> Parser:
    """The parser of a source.

    Raises:
        UnsupportedFile: none.
    """
    module = _MODULES.get(kind_of(source))
    if module is None:
        raise UnsupportedFile
    return cast(Parser, import_module(f"kb_ingest.formats.{module}").parse)
