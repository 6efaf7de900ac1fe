"""A question is answered even if the process that took it in dies before the bot's turn."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from accounts.service import create_tenant
from core.clock import ManualClock
from core.ids import new_id
from core.settings import Settings
from dialog.engine import AnswerEngine
from inbox.contacts import ContactClaim, create_contact
from inbox.content import TextContent
from inbox.conversations import open_conversation
from kb_ingest.importer import import_entries
from server.engines import EngineRegistry
from server.flows.inbound import Incoming
from server.services import Services
from storage.migrate import upgrade_to_head
from storage.models import Conversation, ConversationStatus, Inbox, Message, OutboxJob, SenderKind
from storage.outbox import LEASE, claim_due
from tests.support import ENTRIES

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Desk:
    """One tenant with one conversation, and services on a clock that we move."""

    def __init__(self, services: Services, clock: ManualClock) -> None:
        self.services, self.clock = services, clock
        self.tenant_id = self.contact_id = self.conversation_id = ""

    async def open(self) -> None:
        database = self.services.database
        await upgrade_to_head(database)
        tenant = await create_tenant(database, slug=new_id(), name="测试", settings={}, clock=self.clock)
        async with database.write(tenant.id) as session:
            inbox = Inbox(id=new_id(), name="网站", channel="web", settings={}, created_at=self.clock.now())
            inbox.site_key = None
            session.add(inbox)
            await import_entries(session, ENTRIES, clock=self.clock)
            contact = await create_contact(session, inbox, ContactClaim(), clock=self.clock)
            conversation = await open_conversation(session, contact, clock=self.clock)
        self.tenant_id, self.contact_id, self.conversation_id = tenant.id, contact.id, conversation.id

    async def customer_says(self, text: str) -> None:
        """Stores the message as the live path does; the process then dies before the bot's turn."""
        content = TextContent(text)
        await self.services.inbound.store(
            Incoming(self.tenant_id, self.contact_id, self.conversation_id, content, new_id())
        )

    async def said(self, kind: SenderKind) -> list[str]:
        async with self.services.database.read(self.tenant_id) as session:
            query = select(Message.text).where(Message.sender_kind == kind).order_by(Message.seq)
            return list(await session.scalars(query))

    async def jobs(self) -> int:
        async with self.services.database.read(self.tenant_id) as session:
            return int(await session.scalar(select(func.count()).select_from(OutboxJob)) or 0)

    async def status(self) -> ConversationStatus:
        async with self.services.database.read(self.tenant_id) as session:
            return (await session.get_one(Conversation, self.conversation_id)).status


@asynccontextmanager
async def a_desk(url: str, data_dir: Path) -> AsyncIterator[Desk]:
    clock = ManualClock(datetime(2026, 11, 22, 4, tzinfo=UTC))
    services = Services.build(Settings(database_url=url, data_dir=data_dir, _env_file=None), clock)
    desk = Desk(services, clock)
    await desk.open()
    try:
        yield desk
    finally:
        services.engines.close()
        await services.database.close()


class TestOutbox:
    async def test_orphaned_turn_is_taken_after_its_lease(self, own_database_url: str, data_dir: Path) -> None:
        async with a_desk(own_database_url, data_dir) as desk:
            await desk.customer_says("运费怎么算")
            assert await desk.services.worker.work_once() == 0  # still leased to the process that stored it
            desk.clock.advance(LEASE)
            await desk.services.worker.work_once()
            assert await desk.said(SenderKind.BOT) == ["满 99 元包邮，未满收 8 元。"]
            assert await desk.jobs() == 0

    async def test_finished_turn_leaves_nothing_to_do(self, own_database_url: str, data_dir: Path) -> None:
        async with a_desk(own_database_url, data_dir) as desk:
            await desk.customer_says("运费怎么算")
            await desk.services.bot_turns.take(desk.tenant_id, desk.conversation_id)
            assert await desk.jobs() == 0
            await desk.services.bot_turns.take(desk.tenant_id, desk.conversation_id)
            assert len(await desk.said(SenderKind.BOT)) == 1

    async def test_message_and_its_job_come_together_or_not_at_all(self, own_database_url: str, data_dir: Path) -> None:
        async with a_desk(own_database_url, data_dir) as desk:
            await desk.customer_says("运费怎么算")
            assert (len(await desk.said(SenderKind.CUSTOMER)), await desk.jobs()) == (1, 1)

    async def test_two_workers_never_get_the_same_job(self, own_database_url: str, data_dir: Path) -> None:
        async with a_desk(own_database_url, data_dir) as desk:
            for _ in range(3):
                await desk.customer_says("运费怎么算")
            desk.clock.advance(LEASE)
            database, now = desk.services.database, desk.clock.now()
            first, second = await claim_due(database, now=now), await claim_due(database, now=now)
            assert len({job.id for job in first if job.tenant_id == desk.tenant_id}) == 3
            assert [job for job in second if job.tenant_id == desk.tenant_id] == []

    async def test_bot_that_keeps_failing_makes_way_for_a_human(self, own_database_url: str, data_dir: Path) -> None:
        async with a_desk(own_database_url, data_dir) as desk:
            desk.services.bot_turns._engines = BrokenEngines(desk.services.database, desk.services.settings)
            await desk.customer_says("运费怎么算")
            for _ in range(8):
                desk.clock.advance(timedelta(minutes=6))
                await desk.services.worker.work_once()
            assert await desk.status() is ConversationStatus.QUEUED
            assert await desk.jobs() == 0

    async def test_takeover_between_decision_and_writing_silences_the_bot(
        self, own_database_url: str, data_dir: Path
    ) -> None:
        async with a_desk(own_database_url, data_dir) as desk:
            await desk.customer_says("运费怎么算")
            async with desk.services.database.write(desk.tenant_id) as session:
                from handoff.service import request_handoff
                from storage.models import HandoffTrigger

                await request_handoff(
                    session, desk.conversation_id, trigger=HandoffTrigger.API, reason="", clock=desk.clock
                )
            desk.clock.advance(LEASE)
            await desk.services.worker.work_once()
            assert await desk.said(SenderKind.BOT) == []
            assert await desk.jobs() == 0


class BrokenEngines(EngineRegistry):
    """Engines on a day when nothing works."""

    async def fresh(self, tenant_id: str, revision: int) -> AnswerEngine:
        raise OSError("the model's disk is gone")
