"""What retrieval works on and what it returns. Plain values: no database, no vectors."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Entry:
    """One FAQ entry as an index sees it. `id` is the editor's own id, unique in the base."""

    id: str
    question: str
    similar: tuple[str, ...] = ()
    answer: str = ""
    category: str = ""
    labels: tuple[str, ...] = ()

    @property
    def wordings(self) -> tuple[str, ...]:
        """All ways to ask for this entry, the standard question first."""
        return (self.question, *self.similar)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that may be meant. `score` is in 0..1 and comparable between questions of one index."""

    entry: Entry
    score: float
    matched: str = ""  # the wording that came nearest
    features: Mapping[str, float] = field(default_factory=dict)  # what the score was made of, for the receipt
