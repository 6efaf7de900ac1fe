"""Our own JSON Lines, as `yingda kb export` writes it."""

from kb_ingest.content import Options, Parsed, Problem, Source
from kb_ingest.decoding import decode
from kb_ingest.jsonl import read_text


def parse(source: Source, options: Options) -> Parsed:
    """Entries line by line; a bad line is named."""
    del options
    read = read_text(decode(source.data))
    return Parsed(read.entries, problems=tuple(Problem(f"第 {item.line} 行", item.reason) for item in read.problems))
