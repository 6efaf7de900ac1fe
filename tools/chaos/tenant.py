"""The tenant that a run acts in, and the look into the database at its end."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from accounts.passwords import hash_password
from accounts.service import create_tenant
from accounts.tokens import issue_agent_token
from core.clock import SystemClock
from core.ids import new_id
from core.settings import Settings
from storage.db import Database
from storage.migrate import upgrade_to_head
from storage.models import Conversation, Inbox, Message, Role, User
from tools.chaos.history import Final, Row, digest_of


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody at the desk, signed in."""

    id: str
    token: str


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a run takes place."""

    tenant_id: str
    site_key: str
    agents: tuple[Agent, ...]


def open_database(url: str) -> Database:
    """Our own look into the database of the server under test."""
    return Database(Settings(database_url=url, _env_file=None).async_database_url())


async def make_stage(url: str, agents: int) -> Stage:
    """A tenant with a site and signed-in agents, in a database that is made if need be."""
    database, clock = open_database(url), SystemClock()
    try:
        await upgrade_to_head(database)
        slug, site_key = f"chaos-{new_id()[-12:]}", new_id()
        tenant = await create_tenant(database, slug=slug, name="故障演练", settings={}, clock=clock)
        secret = await hash_password(new_id())  # nobody signs in by password here: one hash does for all
        made = []
        async with database.write(tenant.id) as session:
            session.add(
                Inbox(id=new_id(), name="网站", channel="web", site_key=site_key, settings={}, created_at=clock.now())
            )
            for number in range(agents):
                user = User(
                    id=new_id(),
                    tenant_id=tenant.id,
                    email=f"a{number}@{slug}.example",
                    name=f"坐席{number}",
                    role=Role.AGENT,
                    password_hash=secret,
                    seen_at=None,
                    created_at=clock.now(),
                )
                session.add(user)
                await session.flush()
                made.append(Agent(user.id, issue_agent_token(session, user, clock=clock, lifetime=timedelta(hours=12))))
        return Stage(tenant.id, site_key, tuple(made))
    finally:
        await database.close()


async def read_final(url: str, tenant_id: str) -> Final:
    """All that the database holds of the tenant now."""
    database = open_database(url)
    try:
        async with database.read(tenant_id) as session:
            messages = await session.scalars(select(Message).where(~Message.is_note))
            rows = tuple(
                Row(
                    message.conversation_id,
                    message.id,
                    message.seq or 0,
                    str(message.sender_kind),
                    message.sender_key,
                    message.client_msg_id,
                    digest_of(message.text),
                )
                for message in messages
            )
            found = await session.execute(select(Conversation.id, Conversation.assignee_id))
            owners = {conversation: assignee for conversation, assignee in found}  # noqa: C416 - rows are not pairs to mypy
        return Final(rows, owners)
    finally:
        await database.close()
