"""Many messages in one transaction: each acknowledged by its own outcome, in order, none at the cost of another."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.clock import ManualClock
from core.errors import DomainError
from core.ids import new_id
from core.settings import Settings
from inbox.content import TextContent
from inbox.messages import Post, Recorded
from server.services import Services
from storage.models import Contact, Conversation, Message
from tests.server.test_outbox import Desk

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def desk(own_database_url: str, data_dir: Path) -> AsyncIterator[Desk]:
    """One tenant with one conversation; nothing polls or answers."""
    clock = ManualClock(datetime(2026, 11, 24, 4, tzinfo=UTC))
    settings = Settings(database_url=own_database_url, data_dir=data_dir, _env_file=None)
    made = Desk(Services.build(settings, clock), clock)
    await made.open()
    yield made
    made.services.engines.close()
    await made.services.database.close()


def post(desk: Desk, text: str, client_msg_id: str | None = None, *, conversation: str | None = None) -> Post:
    return Post(conversation or desk.conversation_id, desk.contact_id, TextContent(text), client_msg_id or new_id())


async def submit(desk: Desk, posts: list[Post]) -> list[Recorded | BaseException]:
    """Hands in all at once, so that they share transactions; gives each one's outcome."""
    stored = [desk.services.intake.submit(desk.tenant_id, said) for said in posts]
    await desk.services.intake.drain()
    return [each.exception() or each.result() for each in stored]


class TestBatch:
    async def test_order_of_handing_in_is_order_of_seq(self, desk: Desk) -> None:
        outcomes = await submit(desk, [post(desk, f"第{number}句") for number in range(600)])
        assert [outcome.message.seq for outcome in outcomes if isinstance(outcome, Recorded)] == list(range(1, 601))
        async with desk.services.database.read(desk.tenant_id) as session:
            assert (await session.get_one(Conversation, desk.conversation_id)).last_seq == 600

    async def test_refused_one_leaves_the_others_alone(self, desk: Desk) -> None:
        outcomes = await submit(
            desk,
            [
                post(desk, "前"),
                post(desk, "去不了的地方", conversation="absent"),
                post(desk, "同一个编号", "same"),
                post(desk, "同一个编号", "same"),
                post(desk, "另一句话", "same"),
                post(desk, "后"),
            ],
        )
        codes = [outcome.code if isinstance(outcome, DomainError) else "" for outcome in outcomes]
        assert codes == ["", "not_found", "", "", "id_conflict", ""]
        seqs = [outcome.message.seq for outcome in outcomes if isinstance(outcome, Recorded)]
        assert seqs == [1, 2, 2, 3]
        assert [o.is_new for o in outcomes if isinstance(o, Recorded)] == [True, True, False, True]

    async def test_one_that_the_database_refuses_is_found_and_the_others_are_stored(self, desk: Desk) -> None:
        """A post that passes every check of ours and still cannot be stored: its id names what is not text."""
        poison = post(desk, "坏的", "\ud800")
        outcomes = await submit(desk, [*(post(desk, f"好的{n}") for n in range(5)), poison, post(desk, "也好")])
        assert [isinstance(outcome, Recorded) for outcome in outcomes] == [True] * 5 + [False, True]
        async with desk.services.database.read(desk.tenant_id) as session:
            assert await session.scalar(select(func.count()).select_from(Message)) == 6

    async def test_contact_of_another_conversation_finds_nothing(self, desk: Desk) -> None:
        async with desk.services.database.write(desk.tenant_id) as session:
            contact = await session.get_one(Contact, desk.contact_id)
            stranger = Contact(
                id=new_id(), inbox_id=contact.inbox_id, external_id=None, name="别人", attributes={},
                created_at=desk.clock.now(),
            )  # fmt: skip
            session.add(stranger)
        said = Post(desk.conversation_id, stranger.id, TextContent("冒充"), new_id())
        (outcome,) = await submit(desk, [said])
        assert isinstance(outcome, DomainError)
        assert outcome.code == "not_found"
