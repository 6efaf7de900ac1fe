"""One person's data and how long data is kept; administrators only, each use leaves an audit row."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from audit.record import Subject, record_audit
from privacy.erase import EraseReason, erase_person
from privacy.export import export_person
from privacy.retention import RetentionRules, change_rules, read_rules
from server.deps import AgentDep, ServicesDep
from server.flows.auditing import actor_of
from server.routes import PROBLEMS
from server.schemas import Body

router = APIRouter(prefix="/api/v1", tags=["privacy"], responses=PROBLEMS)

Days = Annotated[int, Field(ge=1, le=3650)] | None


class EraseBody(Body):
    reason: EraseReason


class EraseOut(BaseModel):
    """清除证明：清了多少；这个人的标识在本租户别处还剩几处（别人的会话、知识库），供人工判断。"""

    contact_id: str
    reason: EraseReason
    cleared: dict[str, int]
    identifiers: int
    left: dict[str, int]


class RetentionBody(Body):
    """保留天数；null 为一直保留。"""

    conversations: Days = None
    answer_traces: Days = 90
    contacts: Days = None


@router.get("/contacts/{contact_id}/export")
async def export_contact(contact_id: str, admin: AgentDep, services: ServicesDep) -> dict[str, Any]:
    """一位客户的全部数据。"""
    async with services.database.write(admin.tenant_id) as session:
        exported = await export_person(session, contact_id, clock=services.clock)
        subject = Subject("contact", contact_id)
        await record_audit(session, actor_of(admin), "contact.exported", subject, clock=services.clock)
    return exported


@router.post("/contacts/{contact_id}/erase")
async def erase_contact(contact_id: str, body: EraseBody, admin: AgentDep, services: ServicesDep) -> EraseOut:
    """清除一位客户：消息换成占位，身份与设备令牌清空，返回证明。不可恢复。"""
    async with services.database.write(admin.tenant_id) as session:
        proof = await erase_person(session, contact_id, body.reason, actor_of(admin), clock=services.clock)
    await services.database.forget_deleted()
    return EraseOut(**asdict(proof))


@router.get("/retention")
async def read_retention(admin: AgentDep, services: ServicesDep) -> RetentionBody:
    """各类数据保留多少天。"""
    async with services.database.read(admin.tenant_id) as session:
        return RetentionBody(**asdict(await read_rules(session, admin.tenant_id)))


@router.put("/retention")
async def change_retention(body: RetentionBody, admin: AgentDep, services: ServicesDep) -> RetentionBody:
    """改保留天数；到期的数据由后台每小时清一次。"""
    rules = RetentionRules(**body.model_dump())
    async with services.database.write(admin.tenant_id) as session:
        await change_rules(session, admin.tenant_id, rules)
        subject = Subject("tenant", admin.tenant_id)
        await record_audit(
            session, actor_of(admin), "retention.changed", subject, clock=services.clock, **body.model_dump()
        )
    return body
