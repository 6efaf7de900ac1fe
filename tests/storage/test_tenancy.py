"""Two walls between tenants, each shown to hold with the other one taken away."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from core.ids import new_id
from core.settings import Settings
from storage.db import Database, TenantViolation, tenant_tables
from storage.migrate import upgrade_to_head
from storage.models import Contact, Conversation, ConversationStatus, Inbox, KnowledgeEntry, Tenant

NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Two:
    """A database with two tenants, each with one inbox and one contact."""

    def __init__(self, url: str) -> None:
        self.database = Database(Settings(database_url=url, _env_file=None).async_database_url())
        self.mine, self.theirs = new_id(), new_id()
        self.contacts: dict[str, str] = {}

    async def fill(self) -> None:
        await upgrade_to_head(self.database)
        async with self.database.platform_write() as session:
            for tenant in (self.mine, self.theirs):
                session.add(Tenant(id=tenant, slug=tenant, name=tenant, settings={}, created_at=NOW))
        for tenant in (self.mine, self.theirs):
            async with self.database.write(tenant) as session:
                inbox = Inbox(id=new_id(), name="网站", channel="web", site_key=new_id(), settings={}, created_at=NOW)
                contact = Contact(
                    id=new_id(), inbox_id=inbox.id, name=f"{tenant} 的客户", attributes={}, created_at=NOW
                )
                contact.external_id = None
                session.add(inbox)
                await session.flush()
                session.add(contact)
                self.contacts[tenant] = contact.id


def run(url: str, work: Callable[[Two], Awaitable[None]]) -> None:
    async def job() -> None:
        two = Two(url)
        try:
            await two.fill()
            await work(two)
        finally:
            await two.database.close()

    asyncio.run(job())


class TestTheSessionWall:
    def test_every_kind_of_statement_stays_inside(self, database_url: str) -> None:
        async def work(two: Two) -> None:
            other = aliased(Contact)
            async with two.database.read(two.mine) as session:
                assert [c.id for c in await session.scalars(select(Contact))] == [two.contacts[two.mine]]
                assert await session.scalar(select(func.count()).select_from(Contact)) == 1
                assert await session.scalar(select(func.count(other.id))) == 1
                assert await session.get(Contact, two.contacts[two.theirs]) is None
                joined = select(Contact.id).join(Inbox, Inbox.id == Contact.inbox_id)
                assert len((await session.scalars(joined)).all()) == 1
                nested = select(Inbox.id).where(Inbox.id.in_(select(Contact.inbox_id)))
                assert len((await session.scalars(nested)).all()) == 1
            async with two.database.write(two.mine) as session:
                changed = await session.execute(update(Contact).values(name="改名"))
                assert changed.rowcount == 1  # type: ignore[attr-defined]  # a CursorResult at run time
                removed = await session.execute(delete(Contact).where(Contact.id == two.contacts[two.theirs]))
                assert removed.rowcount == 0  # type: ignore[attr-defined]
            async with two.database.read(two.theirs) as session:
                assert (await session.scalars(select(Contact.name))).all() == [f"{two.theirs} 的客户"]

        run(database_url, work)

    def test_rows_of_another_tenant_cannot_be_written(self, database_url: str) -> None:
        async def work(two: Two) -> None:
            with pytest.raises(TenantViolation):
                async with two.database.write(two.mine) as session:
                    session.add(_entry(two.theirs))
            with pytest.raises(TenantViolation):
                async with two.database.write(two.mine) as session:
                    await session.execute(insert(KnowledgeEntry), [{"id": new_id()}])
            with pytest.raises(TenantViolation):
                async with two.database.read(""):
                    pass

        run(database_url, work)

    def test_rows_cannot_point_at_another_tenants_rows(self, database_url: str) -> None:
        async def work(two: Two) -> None:
            with pytest.raises(DBAPIError):
                async with two.database.write(two.mine) as session:
                    inbox = await session.scalar(select(Inbox.id))
                    session.add(_conversation(str(inbox), two.contacts[two.theirs]))

        run(database_url, work)


class TestTheDatabaseWall:
    """PostgreSQL alone: raw SQL, which the session's filter never sees."""

    def test_raw_sql_sees_and_writes_one_tenant(self, postgres_url: str) -> None:
        async def work(two: Two) -> None:
            async with two.database.write(two.mine) as session:
                rows = (await session.execute(text("SELECT tenant_id FROM contacts"))).scalars().all()
                assert rows == [two.mine]
                assert (await session.execute(text("UPDATE contacts SET name = 'x'"))).rowcount == 1  # type: ignore[attr-defined]
                assert (await session.execute(text("SELECT count(*) FROM tenants"))).scalar() == 1
            with pytest.raises(DBAPIError, match="row-level security"):
                async with two.database.write(two.mine) as session:
                    await session.execute(text(f"UPDATE contacts SET tenant_id = '{two.theirs}'"))
            with pytest.raises(DBAPIError, match="permission denied"):
                async with two.database.write(two.mine) as session:
                    await session.execute(text("DELETE FROM tenants"))

        run(postgres_url, work)

    def test_no_tenant_means_no_rows(self, postgres_url: str) -> None:
        async def work(two: Two) -> None:
            async with two.database.write(two.mine) as session:
                await session.execute(text("SELECT set_config('yingda.tenant_id', '', true)"))
                assert (await session.execute(text("SELECT count(*) FROM contacts"))).scalar() == 0

        run(postgres_url, work)

    def test_setting_ends_with_its_transaction(self, postgres_url: str) -> None:
        async def work(two: Two) -> None:
            async with two.database.read(two.mine):
                pass
            async with two.database.engine.connect() as connection:
                left = (await connection.execute(text("SELECT current_setting('yingda.tenant_id', true)"))).scalar()
                role = (await connection.execute(text("SELECT current_user"))).scalar()
            assert not left
            assert role != "yingda_tenant"

        run(postgres_url, work)

    def test_every_tenant_table_is_protected(self, postgres_url: str) -> None:
        async def work(two: Two) -> None:
            query = "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity AND relkind = 'r'"
            async with two.database.engine.connect() as connection:
                protected = set((await connection.execute(text(query))).scalars())
                privileged = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = 'yingda_tenant'"
                assert (await connection.execute(text(privileged))).scalar() is False
            assert set(tenant_tables()) | {"tenants"} == protected

        run(postgres_url, work)


class TestWriters:
    def test_no_update_is_lost_between_concurrent_writers(self, database_url: str) -> None:
        async def work(two: Two) -> None:
            async with two.database.write(two.mine) as session:
                inbox = await session.scalar(select(Inbox.id))
                conversation = _conversation(str(inbox), two.contacts[two.mine])
                session.add(conversation)

            async def count_up(database: Database) -> None:
                for _ in range(20):
                    async with database.write(two.mine) as session:
                        await _increment(session, conversation.id)

            second = Database(two.database.engine.url.render_as_string(hide_password=False))
            try:
                await asyncio.gather(*(count_up(database) for database in (two.database, second) for _ in range(3)))
            finally:
                await second.close()
            async with two.database.read(two.mine) as session:
                assert await session.scalar(select(Conversation.last_seq)) == 120

        run(database_url, work)

    def test_reader_cannot_write(self, database_url: str) -> None:
        async def work(two: Two) -> None:
            with pytest.raises(DBAPIError):
                async with two.database.read(two.mine) as session:
                    await session.execute(update(Contact).values(name="x"))
                    await session.commit()

        run(database_url, work)


async def _increment(session: AsyncSession, conversation_id: str) -> None:
    query = select(Conversation).where(Conversation.id == conversation_id).with_for_update()
    row = (await session.scalars(query)).one()
    row.last_seq += 1


def _entry(tenant_id: str) -> KnowledgeEntry:
    return KnowledgeEntry(
        id=new_id(), tenant_id=tenant_id, entry_key="k", question="问", similar=[], answer="", category="",
        labels=[], position=1, created_at=NOW, updated_at=NOW,
    )  # fmt: skip


def _conversation(inbox_id: str, contact_id: str) -> Conversation:
    return Conversation(
        id=new_id(), inbox_id=inbox_id, contact_id=contact_id, status=ConversationStatus.BOT, dialog_state={},
        created_at=NOW, updated_at=NOW,
    )  # fmt: skip
