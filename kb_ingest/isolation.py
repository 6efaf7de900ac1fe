"""Parsing in a process of its own, with limits on time and memory: a bad file can hurt nothing but itself."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kb_ingest.content import Options, Parsed, Problem, Source
from kb_ingest.jsonl import BadEntry, parse_entry
from kb_ingest.refusals import MEGABYTE, Broken, FileRefused, TooHeavy, TooSlow, refusal

_ROOT: Final = Path(__file__).resolve().parent.parent
_OUT_OF_MEMORY: Final = {signal.SIGABRT, signal.SIGKILL, signal.SIGTRAP, signal.SIGILL}  # how native parsers give up


@dataclass(frozen=True, slots=True)
class Limits:
    """What one source may use."""

    seconds: int = 60
    memory: int = 1024 * MEGABYTE


def parse_isolated(source: Source, options: Options, limits: Limits) -> Parsed:
    """Entries and problems of a source, parsed in a child process that has no secrets and no network.

    Blocks until the child is done; call it in a thread.

    Raises:
        FileRefused: the source cannot be read; says why.
    """
    sources = (source, *source.companions)
    header = {
        "files": [{"name": item.name, "kind": item.kind, "size": len(item.data)} for item in sources],
        "columns": options.columns,
        "memory": limits.memory,
        "seconds": limits.seconds,
    }
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "kb_ingest.worker"],
            input=b"".join((json.dumps(header).encode(), b"\n", *(item.data for item in sources))),
            env=_environment(),
            capture_output=True,
            timeout=limits.seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TooSlow(seconds=limits.seconds) from error
    if done.returncode != 0:
        raise _death(done.returncode, limits)
    return _read_answer(done.stdout)


def _environment() -> dict[str, str]:
    """Nothing of ours but where the program is: the child must not know the database."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT") if name in os.environ}
    return {**kept, "PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}


def _death(status: int, limits: Limits) -> FileRefused:
    if status == -signal.SIGXCPU:
        return TooSlow(seconds=limits.seconds)
    return TooHeavy() if -status in _OUT_OF_MEMORY else Broken()


def _read_answer(output: bytes) -> Parsed:
    """The child has met a stranger's file, so its answer is checked like a stranger's."""
    try:
        answer = json.loads(output)
        if "refused" in answer:
            raise refusal(answer["refused"], answer["data"])
        entries = tuple(parse_entry(json.loads(line)) for line in answer["entries"])
        return Parsed(entries, problems=tuple(Problem(place, reason) for place, reason in answer["problems"]))
    except (ValueError, KeyError, TypeError, BadEntry) as error:
        raise Broken from error
