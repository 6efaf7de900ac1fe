"""Contacts: as the desk sees them, one masked field in full, merged and un-merged."""

from fastapi import APIRouter

from audit.record import Subject
from core.errors import NotFound
from inbox.masking import mask_attributes, reveal_attribute
from inbox.merging import list_merges, merge_contacts, undo_merge
from inbox.wire import wire_time
from server.deps import AgentDep, ServicesDep
from server.flows.auditing import note
from server.routes import PROBLEMS
from server.schemas import ContactOut, RevealBody, RevealedOut
from server.schemas_access import MergeBody, MergeOut, MergesOut
from storage.models import Contact, ContactMerge

router = APIRouter(prefix="/api/v1", tags=["contacts"], responses=PROBLEMS)


@router.get("/contacts/{contact_id}")
async def read_contact(contact_id: str, agent: AgentDep, services: ServicesDep) -> ContactOut:
    """一位客户；电话与邮箱打码。"""
    async with services.database.read(agent.tenant_id) as session:
        contact = await session.get(Contact, contact_id)
    if contact is None:
        raise NotFound
    return ContactOut(
        id=contact.id,
        name=contact.name,
        inbox_id=contact.inbox_id,
        attributes=mask_attributes(contact.attributes),
        created_at=wire_time(contact.created_at),
    )


@router.post("/contacts/{contact_id}/reveal")
async def reveal(contact_id: str, body: RevealBody, agent: AgentDep, services: ServicesDep) -> RevealedOut:
    """查看一个打码字段的原文；须写原因，留下记录。"""
    async with services.database.write(agent.tenant_id) as session:
        value = await reveal_attribute(session, agent, contact_id, body.field, body.reason, clock=services.clock)
        await note(session, agent, "contact.revealed", Subject("contact", contact_id), clock=services.clock)
    return RevealedOut(field=body.field, value=value)


def _merge_out(merge: ContactMerge) -> MergeOut:
    return MergeOut(
        id=merge.id,
        source_id=merge.source_id,
        target_id=merge.target_id,
        conversation_ids=merge.conversation_ids,
        merged_by=merge.merged_by,
        merged_at=wire_time(merge.merged_at),
        undone_at=wire_time(merge.undone_at) if merge.undone_at else None,
    )


@router.get("/contacts/{contact_id}/merges")
async def read_merges(contact_id: str, agent: AgentDep, services: ServicesDep) -> MergesOut:
    """这位客户参与的合并。"""
    async with services.database.read(agent.tenant_id) as session:
        if await session.get(Contact, contact_id) is None:
            raise NotFound
        return MergesOut(items=[_merge_out(merge) for merge in await list_merges(session, contact_id)])


@router.post("/contacts/{contact_id}/merge")
async def merge(contact_id: str, body: MergeBody, agent: AgentDep, services: ServicesDep) -> MergeOut:
    """把一位匿名客户并入这位客户：会话归过来，消息一条不动。"""
    async with services.database.write(agent.tenant_id) as session:
        done = await merge_contacts(session, body.source_id, contact_id, merged_by=agent.user_id, clock=services.clock)
        await note(
            session, agent, "contact.merged", Subject("contact", contact_id), clock=services.clock, merge=done.id
        )
    return _merge_out(done)


@router.post("/contact-merges/{merge_id}/undo")
async def unmerge(merge_id: str, agent: AgentDep, services: ServicesDep) -> MergeOut:
    """撤销一次合并：当时归过来的会话原样归还。"""
    async with services.database.write(agent.tenant_id) as session:
        undone = await undo_merge(session, merge_id, undone_by=agent.user_id, clock=services.clock)
        await note(
            session,
            agent,
            "contact.unmerged",
            Subject("contact", undone.target_id),
            clock=services.clock,
            merge=undone.id,
        )
    return _merge_out(undone)
