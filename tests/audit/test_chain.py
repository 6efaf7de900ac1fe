"""A thousand ways to tamper with a log, each found, with the first bad entry named."""

import copy
import random
from datetime import UTC, datetime, timedelta

import pytest

from audit.chain import START, Anchor, Broken, ChainCheck, seal
from storage.models import AuditEntry

KEY = b"the key that is not in the database"
LENGTH = 60
START_AT = datetime(2026, 11, 24, 8, tzinfo=UTC)
ROUNDS = 1000


def make(seq: int, action: str = "conversation.accepted") -> AuditEntry:
    return AuditEntry(
        id=f"entry-{seq}", tenant_id="t", seq=seq, at=START_AT + timedelta(seconds=seq), actor_kind="agent",
        actor_id=f"user-{seq % 3}", action=action, object_kind="conversation", object_id=f"c-{seq}",
        details={"count": seq, "code": "接待"},
    )  # fmt: skip


def sealed(entries: list[AuditEntry], key: bytes) -> list[AuditEntry]:
    previous = START
    for entry in entries:
        seal(entry, previous, key)
        previous = entry.hash
    return entries


def first_broken(entries: list[AuditEntry], anchors: list[Anchor]) -> Broken | None:
    check = ChainCheck(KEY, anchors)
    for entry in sorted(entries, key=lambda entry: entry.seq):
        if (broken := check.read(entry)) is not None:
            return broken
    return check.end()


def clone(entries: list[AuditEntry]) -> list[AuditEntry]:
    copies = []
    for entry in entries:
        fields = {column.key: getattr(entry, column.key) for column in AuditEntry.__table__.columns}
        copies.append(AuditEntry(**copy.deepcopy(fields)))
    return copies


def edit(chain: list[AuditEntry], at: int, rng: random.Random) -> None:
    entry = chain[at]
    match rng.randrange(6):
        case 0:
            entry.action += "x"
        case 1:
            entry.actor_id = "somebody-else"
        case 2:
            entry.at += timedelta(microseconds=1)
        case 3:
            entry.details = {**entry.details, "count": -1}
        case 4:
            entry.object_id = None
        case _:
            entry.mac = entry.mac[::-1]


def delete(chain: list[AuditEntry], at: int, rng: random.Random) -> None:
    del chain[at]


def insert(chain: list[AuditEntry], at: int, rng: random.Random) -> None:
    for entry in chain[at:]:
        entry.seq += 1
    forged = make(at + 1, "conversation.resolved")
    seal(forged, chain[at - 1].hash if at else START, b"a guess")
    chain.insert(at, forged)


def swap(chain: list[AuditEntry], at: int, rng: random.Random) -> None:
    other = rng.randrange(at + 1, len(chain)) if at + 1 < len(chain) else 0
    chain[at].seq, chain[other].seq = chain[other].seq, chain[at].seq


def cut_tail(chain: list[AuditEntry], at: int, rng: random.Random) -> None:
    del chain[at:]


def rehash(chain: list[AuditEntry], at: int, rng: random.Random) -> None:
    chain[at].action = "nothing.happened"
    previous = chain[at - 1].hash if at else START
    for entry in chain[at:]:
        seal(entry, previous, b"a guess")
        previous = entry.hash


class TestChain:
    def test_untouched_chain_holds(self) -> None:
        chain = sealed([make(seq) for seq in range(1, LENGTH + 1)], KEY)
        assert first_broken(chain, [Anchor("t", LENGTH, chain[-1].hash, START_AT)]) is None

    def test_a_thousand_tamperings_are_found(self, capsys: pytest.CaptureFixture[str]) -> None:
        original = sealed([make(seq) for seq in range(1, LENGTH + 1)], KEY)
        anchors = [Anchor("t", seq, original[seq - 1].hash, START_AT) for seq in (20, 40, LENGTH)]
        rng = random.Random(20261124)
        found = 0
        for number in range(ROUNDS):
            tamper = (edit, delete, insert, swap, cut_tail, rehash)[number % 6]
            at = rng.randrange(LENGTH - 1 if tamper is swap else LENGTH)
            chain = clone(original)
            tamper(chain, at, rng)
            broken = first_broken(chain, anchors)
            assert broken is not None, (number, tamper.__name__, at)
            assert broken.seq == at + 1, (number, tamper.__name__, broken)
            found += 1
        with capsys.disabled():
            print(f"\naudit: {found} of {ROUNDS} tamperings found, each at the right entry")
        assert found == ROUNDS

    def test_tail_cut_and_grown_again_is_found(self) -> None:
        chain = sealed([make(seq) for seq in range(1, 11)], KEY)
        anchors = [Anchor("t", 10, chain[-1].hash, START_AT)]
        regrown = sealed([*clone(chain)[:8], make(9, "other.act"), make(10, "other.act")], KEY)
        anchors.append(Anchor("t", 10, regrown[-1].hash, START_AT))  # the server anchors what it finds
        assert first_broken(regrown, anchors) == Broken(10, "replaced")
