"""Which parser reads which file, and what is told of files that none reads. Parsers are imported when needed."""

from importlib import import_module
from pathlib import PurePosixPath
from typing import Final, cast

from kb_ingest.content import Parser
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


def check_suffix(name: str) -> None:
    """Says at once, without opening the file, that its kind cannot be read.

    Raises:
        HasMacros, OldFormat, UnsupportedFile: what its owner can do.
    """
    suffix = suffix_of(name)
    if suffix in _WITH_MACROS:
        raise HasMacros
    if suffix in _BETTER:
        raise OldFormat(better=_BETTER[suffix])
    if suffix not in _MODULES and suffix not in ARCHIVES:
        raise UnsupportedFile


def parser_for(name: str) -> Parser:
    """The parser of a file by its name.

    Raises:
        UnsupportedFile: none.
    """
    module = _MODULES.get(suffix_of(name))
    if module is None:
        raise UnsupportedFile
    return cast(Parser, import_module(f"kb_ingest.formats.{module}").parse)
