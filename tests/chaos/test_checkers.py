"""Each checker finds the fault that it is there for: in the history of a server that really has it, and in little."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import select, text

from core.clock import SystemClock
from inbox.contacts import ContactClaim, create_contact
from inbox.content import TextContent
from inbox.conversations import open_conversation
from inbox.messages import Post, post
from storage.models import Inbox, Message
from tools.chaos.checkers import CHECKERS, check
from tools.chaos.history import Final, History, Kind, Row, digest_of
from tools.chaos.rehearsal import Fault, Plan
from tools.chaos.scenarios import one_process, rehearse
from tools.chaos.tenant import make_stage, open_database, read_final

SHORT = Plan(faults=(), rounds=2, visitors=8, agents=2, pause_seconds=0.1, gap_seconds=(0.5, 1.0), claims=0)


def broken(violations: dict[str, list[str]]) -> set[str]:
    """The invariants that do not hold, by number."""
    return {name.partition(" ")[0] for name, found in violations.items() if found}


class TestPlantedFaults:
    """A broken server under the same load and the same faults as the real one."""

    def test_acknowledging_before_the_commit_loses_messages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("YINGDA_PLANTED_FAULT", "early-ack")
        with one_process(module="tests.chaos.broken_server") as ground:
            kill = ground.faults[:1]
            result = rehearse(ground, replace(SHORT, faults=kill))
        assert "I1" in broken(result.violations)

    def test_not_looking_for_known_ids_stores_them_twice(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("YINGDA_PLANTED_FAULT", "no-dedupe")
        with one_process(module="tests.chaos.broken_server") as ground:
            asyncio.run(_without_unique_index(ground.database_url))
            pause = (Fault("nothing", lambda: None, lambda: None),)
            result = rehearse(ground, replace(SHORT, faults=pause))
        assert "I2/I11" in broken(result.violations)

    def test_numbering_outside_the_lock_leaves_gaps(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("YINGDA_PLANTED_FAULT", "gaps")
        with one_process(module="tests.chaos.broken_server") as ground:
            pause = (Fault("nothing", lambda: None, lambda: None),)
            result = rehearse(ground, replace(SHORT, faults=pause, rounds=1))
        assert "I4" in broken(result.violations)

    def test_global_cursor_misses_what_commits_late(self, own_database_url: str) -> None:
        """A reader that pages over all conversations by one growing id, as many systems do."""
        result = asyncio.run(_read_by_global_cursor(own_database_url))
        commits_out_of_order = own_database_url.startswith("postgresql")  # SQLite has one writer at a time
        assert broken(result) == ({"I8"} if commits_out_of_order else set())


async def _without_unique_index(url: str) -> None:
    """The messages table again, but without the rule that forbids a client_msg_id twice."""
    database = open_database(url)
    async with database.engine.begin() as connection:
        sql = (await connection.execute(text("SELECT sql FROM sqlite_master WHERE name = 'messages'"))).scalar_one()
        weaker = "\n".join(line for line in sql.splitlines() if "uq_messages_client_msg" not in line)
        assert weaker != sql
        await connection.execute(text("DROP TABLE messages"))
        await connection.execute(text(weaker))
    await database.close()


async def _read_by_global_cursor(url: str) -> dict[str, list[str]]:
    stage, clock, history = await make_stage(url, 1), SystemClock(), History()
    database = open_database(url)
    seen: list[Message] = []

    async def read_on(cursor: str) -> str:
        async with database.read(stage.tenant_id) as session:
            news = list(await session.scalars(select(Message).where(Message.id > cursor).order_by(Message.id)))
        seen.extend(news)
        return news[-1].id if news else cursor

    try:
        async with database.write(stage.tenant_id) as session:
            inbox = (await session.scalars(select(Inbox))).one()
            contacts = [await create_contact(session, inbox, ContactClaim(), clock=clock) for _ in range(2)]
            chats = [await open_conversation(session, contact, clock=clock) for contact in contacts]
        cursor = ""
        says = [
            (chat.id, contact.id, f"第{number}句")
            for number, (chat, contact) in enumerate(zip(chats, contacts, strict=True))
        ]
        for conversation, _, words in says:
            history.note("reader", Kind.FOLLOW, conversation=conversation)
            history.note("x", Kind.INVOKE, conversation=conversation, client_msg_id=words, digest=digest_of(words))
        posts = [Post(chat, contact, TextContent(words), words) for chat, contact, words in says]
        if database.is_sqlite:
            for said in posts:
                async with database.write(stage.tenant_id) as session:
                    await post(session, said, clock=clock)
                cursor = await read_on(cursor)
        else:
            async with database.write(stage.tenant_id) as slow:
                await post(slow, posts[0], clock=clock)
                async with database.write(stage.tenant_id) as fast:
                    await post(fast, posts[1], clock=clock)
                cursor = await read_on(cursor)  # sees the second, whose id is the greater
        await read_on(cursor)
        for message in seen:
            history.note(
                "reader",
                Kind.SHOWN,
                conversation=message.conversation_id,
                seq=message.seq or 0,
                digest=digest_of(message.text),
            )
    finally:
        await database.close()
    return check(history, await read_final(url, stage.tenant_id))


def a_history() -> tuple[History, Final]:
    """Two messages of one customer, one answered by an agent who won the conversation: nothing is wrong with it."""
    history, rows = History(), []
    history.note("visitor", Kind.FOLLOW, conversation="c")
    for seq, (client, words) in enumerate((("visitor", "在吗"), ("agent", "在的"), ("visitor", "怎么退货")), start=1):
        digest, said = digest_of(words), f"id{seq}"
        history.note(client, Kind.INVOKE, conversation="c", client_msg_id=said, digest=digest)
        history.note(client, Kind.ACK, conversation="c", client_msg_id=said, message_id=f"m{seq}", seq=seq)
        history.note("visitor", Kind.SHOWN, conversation="c", message_id=f"m{seq}", seq=seq, digest=digest)
        kind = "customer" if client == "visitor" else "agent"
        rows.append(Row("c", f"m{seq}", seq, kind, f"{kind}:{client}", said, digest))
    history.note("visitor", Kind.SYNCED, conversation="c", seq=3)
    history.note("agent", Kind.CLAIM_WON, conversation="c")
    history.note("other", Kind.CLAIM_LOST, conversation="c")
    return history, Final(tuple(rows), {"c": "agent"})


def swapped(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    first, second, third = rows
    return replace(third, seq=1), second, replace(first, seq=3)


class TestInLittle:
    """One thing wrong in an otherwise good history."""

    def test_good_history_passes(self) -> None:
        assert broken(check(*a_history())) == set()

    def test_missing_row(self) -> None:
        history, final = a_history()
        assert "I1" in broken(check(history, replace(final, rows=final.rows[:2])))

    def test_other_text_stored(self) -> None:
        history, final = a_history()
        changed = (*final.rows[:2], replace(final.rows[2], digest="x"))
        assert {"I1", "I3"} <= broken(check(history, replace(final, rows=changed)))

    def test_row_stored_twice(self) -> None:
        history, final = a_history()
        again = replace(final.rows[2], message_id="m4", seq=4)
        assert "I2/I11" in broken(check(history, replace(final, rows=(*final.rows, again))))

    def test_two_acknowledgements_that_differ(self) -> None:
        history, final = a_history()
        history.note("visitor", Kind.ACK, conversation="c", client_msg_id="id3", message_id="m9", seq=9)
        assert "I2/I11" in broken(check(history, final))

    def test_row_that_nobody_sent(self) -> None:
        history, final = a_history()
        ghost = Row("c", "m4", 4, "customer", "customer:visitor", "id4", digest_of("谁说的"))
        assert "I3" in broken(check(history, replace(final, rows=(*final.rows, ghost))))

    def test_gap_in_the_sequence(self) -> None:
        history, final = a_history()
        assert "I4" in broken(check(history, replace(final, rows=(*final.rows[:2], replace(final.rows[2], seq=4)))))

    def test_later_message_before_an_acknowledged_one(self) -> None:
        history, final = a_history()
        assert {"I6", "I7"} <= broken(check(history, replace(final, rows=swapped(final.rows))))

    def test_message_shown_twice_and_message_not_shown(self) -> None:
        for seqs in ((1, 2, 2, 3), (1, 3)):
            history, final = a_history()
            history.note("agent", Kind.FOLLOW, conversation="c")
            for seq in seqs:
                history.note("agent", Kind.SHOWN, conversation="c", seq=seq, digest=final.rows[seq - 1].digest)
            assert broken(check(history, final)) == {"I8"}

    def test_replay_that_claims_to_be_complete(self) -> None:
        history, final = a_history()
        history.note("agent", Kind.SYNCED, conversation="c", seq=3)
        assert broken(check(history, final)) == {"I9"}

    def test_two_winners_of_one_conversation(self) -> None:
        history, final = a_history()
        history.note("other", Kind.CLAIM_WON, conversation="c")
        assert broken(check(history, final)) == {"I16"}

    def test_owner_who_did_not_win(self) -> None:
        history, final = a_history()
        assert broken(check(history, replace(final, owners={"c": "other"}))) == {"I16"}

    def test_every_checker_is_shown_to_find_something(self) -> None:
        shown = {"I1", "I2/I11", "I3", "I4", "I6", "I7", "I8", "I9", "I16"}
        assert {name.partition(" ")[0] for name in CHECKERS} == shown
