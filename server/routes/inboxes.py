"""Inboxes: whether they ask for a signed identity, and the keys that sign it."""

from fastapi import APIRouter, status
from sqlalchemy import select

from audit.record import Subject
from inbox.identity import create_key, find_inbox, list_keys, requires_identity, revoke_key
from inbox.wire import wire_time
from server.deps import AgentDep, ServicesDep
from server.flows.auditing import note
from server.routes import PROBLEMS
from server.schemas_access import (
    IdentityKeyBody,
    IdentityKeyOut,
    IdentityKeysOut,
    InboxBody,
    InboxesOut,
    InboxOut,
    NewIdentityKeyOut,
)
from storage.models import IdentityKey, Inbox

router = APIRouter(prefix="/api/v1/inboxes", tags=["inboxes"], responses=PROBLEMS)


def _inbox_out(inbox: Inbox) -> InboxOut:
    return InboxOut(
        id=inbox.id,
        name=inbox.name,
        channel=inbox.channel,
        site_key=inbox.site_key,
        identity="required" if requires_identity(inbox) else "optional",
    )


def _key_out(row: IdentityKey) -> IdentityKeyOut:
    return IdentityKeyOut(id=row.id, algorithm=row.algorithm, created_at=wire_time(row.created_at))


@router.get("")
async def read_inboxes(agent: AgentDep, services: ServicesDep) -> InboxesOut:
    """渠道接入。"""
    async with services.database.read(agent.tenant_id) as session:
        rows = await session.scalars(select(Inbox).order_by(Inbox.created_at, Inbox.id))
        return InboxesOut(items=[_inbox_out(row) for row in rows])


@router.patch("/{inbox_id}")
async def edit_inbox(inbox_id: str, body: InboxBody, agent: AgentDep, services: ServicesDep) -> InboxOut:
    """客户身份：optional 谁都能聊，required 只接受有签名的客户。"""
    async with services.database.write(agent.tenant_id) as session:
        inbox = await find_inbox(session, inbox_id)
        inbox.settings = {**inbox.settings, "identity": body.identity}
        await note(
            session, agent, "inbox.changed", Subject("inbox", inbox.id), clock=services.clock, identity=body.identity
        )
    return _inbox_out(inbox)


@router.get("/{inbox_id}/identity-keys")
async def read_keys(inbox_id: str, agent: AgentDep, services: ServicesDep) -> IdentityKeysOut:
    """有效的签名密钥；看不到密钥本身。"""
    async with services.database.read(agent.tenant_id) as session:
        inbox = await find_inbox(session, inbox_id)
        return IdentityKeysOut(items=[_key_out(row) for row in await list_keys(session, inbox.id)])


@router.post("/{inbox_id}/identity-keys", status_code=status.HTTP_201_CREATED)
async def add_key(inbox_id: str, body: IdentityKeyBody, agent: AgentDep, services: ServicesDep) -> NewIdentityKeyOut:
    """新建签名密钥；HS256 的密钥只显示这一次，ES256 请给公钥。"""
    async with services.database.write(agent.tenant_id) as session:
        made = await create_key(
            session, inbox_id, body.algorithm, body.public_key, services.vault, clock=services.clock
        )
        await note(session, agent, "identity_key.created", Subject("identity_key", made.row.id), clock=services.clock)
    return NewIdentityKeyOut(**_key_out(made.row).model_dump(), secret=made.secret)


@router.delete("/{inbox_id}/identity-keys/{key_id}", status_code=status.HTTP_204_NO_CONTENT)
async def remove_key(inbox_id: str, key_id: str, agent: AgentDep, services: ServicesDep) -> None:
    """撤销密钥；用它签的令牌立即无效。"""
    async with services.database.write(agent.tenant_id) as session:
        await revoke_key(session, inbox_id, key_id, clock=services.clock)
        await note(session, agent, "identity_key.revoked", Subject("identity_key", key_id), clock=services.clock)
