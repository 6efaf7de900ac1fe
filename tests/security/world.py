"""Two tenants with everything in them, and everybody who might knock: what the authorisation matrix is played with."""

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select, update

from accounts.api_keys import create_api_key, revoke_api_key
from accounts.members import MemberChange, change_member
from accounts.permissions import BUILT_IN, Permission
from accounts.principals import AgentPrincipal
from accounts.roles import create_role
from accounts.sessions import end_sessions
from accounts.tokens import hash_token, issue_agent_token, issue_visitor_token
from inbox.contacts import ContactClaim, create_contact
from inbox.content import TextContent
from inbox.conversations import open_conversation
from inbox.identity import create_key
from inbox.merging import merge_contacts
from inbox.messages import Post, post
from retrieval.types import Entry
from server.services import Services
from storage.base import Base
from storage.db import tenant_tables
from storage.models import AccessToken, ApiKey, Inbox, KeyAlgorithm, Role, Tenant, User
from tests.support import LiveServer, Member, TenantAccess

ABSENT = "0" * 32


@dataclass
class World:
    """A tenant's objects by the name of the path parameter that means them."""

    tenant: TenantAccess
    ids: dict[str, str]
    admin: Member
    agent: Member
    visitor: str  # token of the contact whose conversation it is
    other_visitor: str

    def ids_for(self, path: str) -> dict[str, str]:
        """The ids by the names that a route gives them; `key_id` means two things."""
        key = "identity_key_id" if "identity-keys" in path else "api_key_id"
        return {**self.ids, "key_id": self.ids[key]}


@dataclass
class Knocker:
    """Somebody who asks. `permissions` None: a contact; `is_known` False: a token that must not work."""

    name: str
    token: str | None
    permissions: frozenset[Permission] | None = frozenset()
    is_known: bool = True
    is_api_key: bool = False
    user_id: str = ""
    owns_conversation: bool = False
    fresh_session: Callable[[], tuple[str, str]] = field(default=lambda: ("", ""))  # another token, and its id


def build_world(server: LiveServer) -> World:
    """A tenant with one of everything that an id can mean."""
    marker = uuid.uuid4().hex[:8]
    entry = Entry(id=f"entry-{marker}", question=f"怎么核对暗号 {marker}？", similar=(), answer="在柜台核对。")
    tenant = server.make_tenant((entry,))
    admin, agent = server.member(tenant, Role.ADMIN), server.member(tenant, Role.AGENT)
    plain = server.member(tenant, Role.READ_ONLY)

    async def fill(services: Services) -> tuple[dict[str, str], str, str]:
        clock, boss = services.clock, _principal(tenant.id, admin, services)
        async with services.database.write(tenant.id) as session:
            inbox = (await session.scalars(select(Inbox))).one()
            claim = ContactClaim("客户", {"phone": "13812345678"})
            contact = await create_contact(session, inbox, claim, clock=clock)
            conversation = await open_conversation(session, contact, clock=clock)
            words = TextContent(f"暗号 {marker}")
            await post(session, Post(conversation.id, contact.id, words, None), clock=clock)
            life = timedelta(days=1)
            visitor = issue_visitor_token(session, contact, clock=clock, lifetime=life)
            other = await create_contact(session, inbox, ContactClaim(), clock=clock)
            other_visitor = issue_visitor_token(session, other, clock=clock, lifetime=life)
            lost = await create_contact(session, inbox, ContactClaim(), clock=clock)
            merge = await merge_contacts(session, lost.id, contact.id, merged_by=None, clock=clock)
            role = await create_role(
                session, boss, f"角色 {marker}", frozenset({Permission.CONVERSATION_READ}), clock=clock
            )
            (await session.get_one(User, plain.id)).role = role.id  # in use: it cannot be deleted under the matrix
            key = await create_api_key(session, boss, name="k", scopes=frozenset(), lifetime=life, clock=clock)
            signing = await create_key(session, inbox.id, KeyAlgorithm.HS256, None, services.vault, clock=clock)
            own = await session.scalars(select(AccessToken.id).where(AccessToken.user_id == plain.id))
            ids = {
                "conversation_id": conversation.id,
                "contact_id": contact.id,
                "merge_id": merge.id,
                "role_id": role.id,
                "member_id": plain.id,
                "session_id": own.one(),
                "inbox_id": inbox.id,
                "entry_id": entry.id,
                "api_key_id": key.row.id,
                "identity_key_id": signing.row.id,
            }
        return ids, visitor, other_visitor

    ids, visitor, other_visitor = server.run(fill)
    return World(tenant, ids, admin, agent, visitor, other_visitor)


def knockers(server: LiveServer, home: World) -> list[Knocker]:
    """Everybody: all built-in roles, custom ones, keys, contacts, strangers, and tokens that are dead."""
    people = [_person(server, home.tenant, str(role), BUILT_IN[role]) for role in Role]
    made: dict[str, frozenset[Permission]] = {
        "custom: nothing": frozenset(),
        "custom: reads conversations": frozenset({Permission.CONVERSATION_READ}),
    }
    for name, permissions in made.items():
        people.append(_person(server, home.tenant, _custom_role(server, home, name, permissions), permissions, name))
    full = BUILT_IN[Role.ADMIN]
    return [
        *people,
        Knocker("key: all scopes", _key(server, home, full), full, is_api_key=True),
        Knocker("key: no scope", _key(server, home, frozenset()), is_api_key=True),
        Knocker("visitor", home.visitor, None, owns_conversation=True),
        Knocker("other visitor", home.other_visitor, None),
        Knocker("anonymous", None, is_known=False),
        Knocker("nonsense", "yda_nonsense", is_known=False),
        Knocker("someone else's prefix", home.visitor.replace("ydv_", "yda_"), is_known=False),
        Knocker("key: expired", _key(server, home, full, expired=True), is_known=False),
        Knocker("key: revoked", _key(server, home, full, revoked=True), is_known=False),
        Knocker("session: expired", _dead_session(server, home, "expired"), is_known=False),
        Knocker("session: revoked", _dead_session(server, home, "revoked"), is_known=False),
        Knocker("member: disabled", _dead_session(server, home, "disabled"), is_known=False),
    ]


def strangers(server: LiveServer, foreign: World) -> list[Knocker]:
    """People of another tenant, with all that they hold there."""
    return [
        _person(server, foreign.tenant, str(Role.ADMIN), BUILT_IN[Role.ADMIN], "foreign admin"),
        _person(server, foreign.tenant, str(Role.AGENT), BUILT_IN[Role.AGENT], "foreign agent"),
        Knocker("foreign key", _key(server, foreign, BUILT_IN[Role.ADMIN]), BUILT_IN[Role.ADMIN], is_api_key=True),
        Knocker("foreign visitor", foreign.visitor, None),
    ]


def checksum(server: LiveServer, tenant_id: str) -> str:
    """All rows of a tenant in all tables, as one number."""

    async def compute(services: Services) -> str:
        digest = hashlib.sha256()
        async with services.database.platform_read() as session:
            for name in tenant_tables():
                table = Base.metadata.tables[name]
                rows = await session.execute(select(table).where(table.c.tenant_id == tenant_id).order_by(table.c.id))
                digest.update(repr([name, *(tuple(row) for row in rows)]).encode())
            tenant = await session.get_one(Tenant, tenant_id)
            digest.update(repr((tenant.slug, tenant.name, tenant.settings)).encode())
        return digest.hexdigest()

    return server.run(compute)


def fresh_contact(server: LiveServer, world: World) -> str:
    """The id of a new contact of the world's tenant."""

    async def make(services: Services) -> str:
        async with services.database.write(world.tenant.id) as session:
            inbox = (await session.scalars(select(Inbox))).one()
            return (await create_contact(session, inbox, ContactClaim(), clock=services.clock)).id

    return server.run(make)


def fresh_api_key(server: LiveServer, world: World) -> str:
    """The id of a new key of the world's administrator."""
    token = _key(server, world, frozenset())

    async def find(services: Services) -> str:
        async with services.database.read(world.tenant.id) as session:
            return (await session.scalars(select(ApiKey.id).where(ApiKey.token_hash == hash_token(token)))).one()

    return server.run(find)


def fresh_identity_key(server: LiveServer, world: World) -> str:
    """The id of a new signing key of the world's inbox."""

    async def make(services: Services) -> str:
        async with services.database.write(world.tenant.id) as session:
            made = await create_key(
                session, world.ids["inbox_id"], KeyAlgorithm.HS256, None, services.vault, clock=services.clock
            )
            return made.row.id

    return server.run(make)


def _principal(tenant_id: str, member: Member, services: Services) -> AgentPrincipal:
    return AgentPrincipal(tenant_id, member.id, "管理员", member.email, BUILT_IN[Role.ADMIN], "", services.clock.now())


def _person(
    server: LiveServer, tenant: TenantAccess, role: str, permissions: frozenset[Permission], name: str = ""
) -> Knocker:
    member = server.member(tenant, role)

    def fresh() -> tuple[str, str]:
        async def issue(services: Services) -> tuple[str, str]:
            async with services.database.write(tenant.id) as session:
                user = await session.get_one(User, member.id)
                token = issue_agent_token(session, user, clock=services.clock, lifetime=timedelta(hours=1))
                await session.flush()
                query = select(AccessToken.id).where(AccessToken.token_hash == hash_token(token))
                return token, (await session.scalars(query)).one()

        return server.run(issue)

    return Knocker(name or role, member.token, permissions, user_id=member.id, fresh_session=fresh)


def _custom_role(server: LiveServer, world: World, name: str, permissions: frozenset[Permission]) -> str:
    async def make(services: Services) -> str:
        boss = _principal(world.tenant.id, world.admin, services)
        async with services.database.write(world.tenant.id) as session:
            return (await create_role(session, boss, name, permissions, clock=services.clock)).id

    return server.run(make)


def _key(
    server: LiveServer,
    world: World,
    scopes: frozenset[Permission],
    *,
    expired: bool = False,
    revoked: bool = False,
) -> str:
    async def make(services: Services) -> str:
        clock, boss = services.clock, _principal(world.tenant.id, world.admin, services)
        async with services.database.write(world.tenant.id) as session:
            life = timedelta(days=1)
            made = await create_api_key(session, boss, name="k", scopes=scopes, lifetime=life, clock=clock)
            if expired:
                made.row.expires_at = clock.now() - timedelta(seconds=1)
            if revoked:
                await revoke_api_key(session, made.row.id, clock=clock)
            made.row.last_used_at = clock.now() + timedelta(hours=1)  # a first use must not count as a change
        return made.token

    return server.run(make)


def _dead_session(server: LiveServer, world: World, how: str) -> str:
    member = server.member(world.tenant, Role.ADMIN)

    async def kill(services: Services) -> None:
        clock = services.clock
        async with services.database.write(world.tenant.id) as session:
            if how == "expired":
                past = clock.now() - timedelta(seconds=1)
                await session.execute(
                    update(AccessToken).where(AccessToken.user_id == member.id).values(expires_at=past)
                )
            elif how == "revoked":
                await end_sessions(session, member.id, clock=clock)
            else:
                boss = _principal(world.tenant.id, world.admin, services)
                change = MemberChange(is_active=False)
                await change_member(session, boss, member.id, change, clock=clock)

    server.run(kill)
    return member.token
