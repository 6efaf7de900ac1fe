"""One conversation as its reader has it: complete up to `tail`, with what came early held back until the gap closes."""

from yingda_client.frames import Message


class Timeline:
    """Puts messages into the order of `seq` and lets each pass once."""

    def __init__(self, after_seq: int) -> None:
        self.tail = after_seq
        self.asked_from: int | None = None  # a replay from there is under way
        self.wants_another = False
        self._early: dict[int, Message] = {}
        self._notes: set[str] = set()

    @property
    def has_gap(self) -> bool:
        """Whether something between what is shown and what was seen is missing."""
        return bool(self._early)

    def take(self, message: Message) -> list[Message]:
        """The messages that may be shown now, in order; none if this one is known or early."""
        if message.seq is None:
            if message.id in self._notes:
                return []
            self._notes.add(message.id)
            return [message]
        if message.seq <= self.tail:
            return []
        self._early[message.seq] = message
        ready = []
        while (following := self._early.pop(self.tail + 1, None)) is not None:
            self.tail += 1
            ready.append(following)
        return ready
