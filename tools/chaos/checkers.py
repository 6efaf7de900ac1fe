"""The invariants of the delivery contract, each a function of the history and the final database.

A checker returns what it found broken, in words; nothing found means that this history does not contradict the
promise. tests/chaos shows for each that it does find the fault it is there for.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from tools.chaos.history import Final, History, Kind, Row

Checker = Callable[[History, Final], Iterator[str]]


def check(history: History, final: Final) -> dict[str, list[str]]:
    """Every invariant with what contradicts it."""
    return {name: list(checker(history, final)) for name, checker in CHECKERS.items()}


def nothing_acknowledged_is_lost(history: History, final: Final) -> Iterator[str]:
    """I1: each acknowledgement has its row, with that id, place and text. After a kill this shows an early ack."""
    rows = {row.message_id: row for row in final.rows}
    said = {entry.client_msg_id: entry.digest for entry in history.of(Kind.INVOKE)}
    for ack in history.of(Kind.ACK):
        row = rows.get(ack.message_id)
        if row is None:
            yield f"acknowledged {ack.client_msg_id} is not stored"
        elif (row.seq, row.conversation) != (ack.seq, ack.conversation):
            yield f"acknowledged {ack.client_msg_id} at {ack.seq} is stored at {row.seq}"
        elif row.digest != said.get(ack.client_msg_id):
            yield f"acknowledged {ack.client_msg_id} is stored with another text"


def one_id_is_one_message(history: History, final: Final) -> Iterator[str]:
    """I2, I11: however often it was sent, one row; every acknowledgement names that row."""
    stored = defaultdict(list)
    for row in final.rows:
        if row.client_msg_id is not None:
            stored[row.conversation, row.sender_key, row.client_msg_id].append(row)
    for (_, _, client_msg_id), same in stored.items():
        if len(same) > 1:
            yield f"{client_msg_id} is stored {len(same)} times"
    acks = defaultdict(set)
    for ack in history.of(Kind.ACK):
        acks[ack.client_msg_id].add((ack.message_id, ack.seq))
    for client_msg_id, answers in acks.items():
        if len(answers) > 1:
            yield f"{client_msg_id} was acknowledged as {len(answers)} different messages"


def nothing_is_invented(history: History, final: Final) -> Iterator[str]:
    """I3: every stored row of a person was sent by one, with that text."""
    said = {entry.client_msg_id: entry.digest for entry in history.of(Kind.INVOKE)}
    for row in final.rows:
        if row.sender_kind in {"customer", "agent"} and said.get(row.client_msg_id or "") != row.digest:
            yield f"stored message {row.message_id} was never said"


def sequence_has_no_gap(history: History, final: Final) -> Iterator[str]:
    """I4: each conversation is 1, 2, 3 … without gap or repeat."""
    for conversation, rows in _by_conversation(final.rows).items():
        seqs = [row.seq for row in rows]
        if seqs != list(range(1, len(seqs) + 1)):
            yield f"conversation {conversation} has {len(seqs)} messages numbered up to {max(seqs)}"


def later_is_after(history: History, final: Final) -> Iterator[str]:
    """I6: what was said after somebody had an acknowledgement stands after the acknowledged message."""
    places = {row.client_msg_id: row.seq for row in final.rows}
    acknowledged: dict[str, int] = defaultdict(int)
    for entry in history.of(Kind.INVOKE, Kind.ACK):
        if entry.kind is Kind.ACK:
            acknowledged[entry.conversation] = max(acknowledged[entry.conversation], entry.seq)
        elif places.get(entry.client_msg_id, 2**31) <= acknowledged[entry.conversation]:
            yield f"{entry.client_msg_id} was said after {acknowledged[entry.conversation]} but stands before it"


def senders_keep_their_order(history: History, final: Final) -> Iterator[str]:
    """I7: what one person said first stands first, also after retries."""
    places = {row.client_msg_id: row.seq for row in final.rows}
    last: dict[tuple[str, str], int] = defaultdict(int)
    for entry in history.of(Kind.INVOKE):
        seq = places.get(entry.client_msg_id)
        if seq is None:
            continue
        if seq < last[entry.client, entry.conversation]:
            yield f"{entry.client} said {entry.client_msg_id} later, but it stands at {seq}"
        last[entry.client, entry.conversation] = max(seq, last[entry.client, entry.conversation])


def views_are_whole(history: History, final: Final) -> Iterator[str]:
    """I8: what each client showed is what is stored: everything, each once, in order."""
    shown: dict[tuple[str, str], list[tuple[int, str]]] = {
        (entry.client, entry.conversation): [] for entry in history.of(Kind.FOLLOW)
    }
    for entry in history.of(Kind.SHOWN):
        shown[entry.client, entry.conversation].append((entry.seq, entry.digest))
    stored = _by_conversation(final.rows)
    for (client, conversation), seen in shown.items():
        expected = [(row.seq, row.digest) for row in stored.get(conversation, [])]
        if seen != expected:
            missing, extra = len(set(expected) - set(seen)), len(seen) - len(set(seen))
            yield f"{client} shows {len(seen)} of {len(expected)} in {conversation}: {missing} missing, {extra} twice"


def resume_misses_nothing(history: History, final: Final) -> Iterator[str]:
    """I9: when a replay says it is complete up to N, everything up to N is there."""
    tails: dict[tuple[str, str], int] = defaultdict(int)
    for entry in history.of(Kind.SHOWN, Kind.SYNCED):
        key = (entry.client, entry.conversation)
        if entry.kind is Kind.SHOWN:
            tails[key] = max(tails[key], entry.seq)
        elif tails[key] < entry.seq:
            yield f"{entry.client} was told to have {entry.seq} and has {tails[key]} of {entry.conversation}"


def claims_have_one_winner(history: History, final: Final) -> Iterator[str]:
    """I16: of all who claim a conversation one gets it, and the database names that one."""
    winners: dict[str, set[str]] = defaultdict(set)
    for entry in history.of(Kind.CLAIM_WON, Kind.CLAIM_LOST):
        winners[entry.conversation].update({entry.client} if entry.kind is Kind.CLAIM_WON else ())
    for conversation, won in winners.items():
        owner = final.owners.get(conversation)
        if len(won) > 1:
            yield f"{conversation} was given to {len(won)} agents"
        elif owner is None or (won and owner not in won):
            yield f"{conversation} was given to {won or 'nobody'} and belongs to {owner}"


CHECKERS: dict[str, Checker] = {
    "I1 确认过的不丢": nothing_acknowledged_is_lost,
    "I2/I11 一个 id 一条": one_id_is_one_message,
    "I3 没有凭空出现": nothing_is_invented,
    "I4 序号连续": sequence_has_no_gap,
    "I6 先后不倒": later_is_after,
    "I7 各人顺序不乱": senders_keep_their_order,
    "I8 各端所见完整": views_are_whole,
    "I9 续传不漏": resume_misses_nothing,
    "I16 只有一位接待": claims_have_one_winner,
}


def _by_conversation(rows: Iterable[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.seq):
        grouped[row.conversation].append(row)
    return grouped
