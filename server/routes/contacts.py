"""Contacts: as the desk sees them, one masked field in full."""

from fastapi import APIRouter

from core.errors import NotFound
from inbox.masking import mask_attributes, reveal_attribute
from inbox.wire import wire_time
from server.deps import AgentDep, ServicesDep
from server.routes import PROBLEMS
from server.schemas import ContactOut, RevealBody, RevealedOut
from storage.models import Contact

router = APIRouter(prefix="/api/v1/contacts", tags=["contacts"], responses=PROBLEMS)


@router.get("/{contact_id}")
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


@router.post("/{contact_id}/reveal")
async def reveal(contact_id: str, body: RevealBody, agent: AgentDep, services: ServicesDep) -> RevealedOut:
    """查看一个打码字段的原文；须写原因，留下记录。"""
    async with services.database.write(agent.tenant_id) as session:
        value = await reveal_attribute(session, agent, contact_id, body.field, body.reason, clock=services.clock)
    return RevealedOut(field=body.field, value=value)
