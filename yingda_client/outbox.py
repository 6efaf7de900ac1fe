"""Where unsent messages wait: there before the first try, gone with the acknowledgement."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Unsent:
    """A message that the server has not acknowledged. Every try carries the same `client_msg_id`."""

    client_msg_id: str
    conversation_id: str
    text: str
    note: bool = False


class Outbox(Protocol):
    """Keeps unsent messages in the order of writing."""

    def put(self, unsent: Unsent) -> None: ...

    def remove(self, client_msg_id: str) -> None: ...

    def waiting(self) -> list[Unsent]: ...


class MemoryOutbox:
    """Lives as long as the program."""

    def __init__(self) -> None:
        self._items: dict[str, Unsent] = {}

    def put(self, unsent: Unsent) -> None:
        self._items[unsent.client_msg_id] = unsent

    def remove(self, client_msg_id: str) -> None:
        self._items.pop(client_msg_id, None)

    def waiting(self) -> list[Unsent]:
        return list(self._items.values())


class FileOutbox:
    """Survives the program: a journal that is flushed to disk before `put` returns, tidied at every start.

    One program at a time per file. A last line torn by a power cut is a message whose `send` never returned.
    """

    def __init__(self, path: Path) -> None:
        self._items: dict[str, Unsent] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                self._replay(line)
        fresh = path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as journal:
            journal.writelines(_line(item) for item in self._items.values())
            journal.flush()
            os.fsync(journal.fileno())
        fresh.replace(path)
        self._journal = path.open("a", encoding="utf-8")

    def put(self, unsent: Unsent) -> None:
        self._items[unsent.client_msg_id] = unsent
        self._journal.write(_line(unsent))
        self._journal.flush()
        os.fsync(self._journal.fileno())

    def remove(self, client_msg_id: str) -> None:
        if self._items.pop(client_msg_id, None) is not None:
            self._journal.write(json.dumps({"sent": client_msg_id}) + "\n")
            self._journal.flush()  # forgetting one is harmless: the server knows its id

    def waiting(self) -> list[Unsent]:
        return list(self._items.values())

    def close(self) -> None:
        self._journal.close()

    def _replay(self, line: str) -> None:
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            return
        if "sent" in entry:
            self._items.pop(entry["sent"], None)
        else:
            unsent = Unsent(**entry)
            self._items[unsent.client_msg_id] = unsent


def _line(unsent: Unsent) -> str:
    return json.dumps(asdict(unsent), ensure_ascii=False) + "\n"
