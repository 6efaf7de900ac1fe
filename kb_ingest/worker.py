"""The child process that parses one source: `python -m kb_ingest.worker`, started by `kb_ingest.isolation`.

It reads the source from its input, writes one JSON object to its output, and before a parser sees a byte gives up what
parsing does not need: memory and time beyond its limits, the network, other programs, and every file but the program's.
"""

import json
import os
import sys
from dataclasses import replace
from typing import Any, Final

from core.errors import Detail
from kb_ingest.content import Options, Parsed, Source
from kb_ingest.formats.registry import parser_for
from kb_ingest.jsonl import write_entries
from kb_ingest.passages import compose
from kb_ingest.refusals import Broken, FileRefused, NothingFound, TooHeavy, TooMany

MAX_ENTRIES: Final = 50_000
_DENIED: Final = (
    "socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "os.remove", "os.rename",
    "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.kill", "shutil.", "urllib.",
    "ftplib.", "http.", "smtplib.",
)  # fmt: skip


class NotAllowed(RuntimeError):
    """A parser tried what no parser may."""


def main() -> None:
    """Parses the source on standard input."""
    header = json.loads(sys.stdin.buffer.readline())
    sources = [Source(item["name"], sys.stdin.buffer.read(item["size"]), item["kind"]) for item in header["files"]]
    source = replace(sources[0], companions=tuple(sources[1:]))
    options = Options(columns=tuple((name, meaning) for name, meaning in header["columns"]))
    _limit(header["memory"], header["seconds"])
    try:
        answer = _answer(_parse(source, options))
    except FileRefused as error:
        answer = _refused(error.code, error.data)
    except MemoryError:
        answer = _refused(TooHeavy.code, {})
    except Exception:  # whatever a parser stumbles over in a file, the file is what is wrong
        answer = _refused(Broken.code, {})
    sys.stdout.write(json.dumps(answer, ensure_ascii=True))


def _parse(source: Source, options: Options) -> Parsed:
    parser = parser_for(source)
    _give_up_everything_else()
    parsed = parser(source, options)
    composed = compose(source.name, parsed.blocks)
    entries = (*parsed.entries, *composed.entries)
    problems = (*parsed.problems, *composed.problems)
    if len(entries) > MAX_ENTRIES:
        raise TooMany(limit=MAX_ENTRIES)
    if not entries and not problems:
        raise NothingFound
    return Parsed(entries, problems=problems)


def _limit(memory: int, seconds: int) -> None:
    try:
        import resource
    except ImportError:  # not on Windows; the parent's clock still holds
        return
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "darwin":  # macOS refuses a limit on address space
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _give_up_everything_else() -> None:
    """From here on an audit hook, which cannot be taken off again, refuses all but reading the program's own files."""
    roots = tuple({os.path.realpath(path) + os.sep for path in (*sys.path, sys.prefix, sys.base_prefix) if path})

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode = arguments[0], arguments[1]
            is_own = isinstance(path, str) and os.path.realpath(path).startswith(roots)
            if not isinstance(path, int) and (not is_own or (mode and set(str(mode)) & set("wax+"))):
                raise NotAllowed(event)
        elif event.startswith(_DENIED):
            raise NotAllowed(event)

    sys.addaudithook(refuse)


def _answer(parsed: Parsed) -> dict[str, Any]:
    return {
        "entries": list(write_entries(parsed.entries)),
        "problems": [[problem.place, problem.reason] for problem in parsed.problems],
    }


def _refused(code: str, data: dict[str, Detail]) -> dict[str, Any]:
    return {"refused": code, "data": data}


if __name__ == "__main__":
    main()
