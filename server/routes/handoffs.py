"""The handoff protocol over HTTP: each route is one move of handoff.service."""

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.principals import Principal, VisitorPrincipal
from audit.chain import Fact
from audit.record import Subject, record_audit
from core.events import Frame
from handoff import service
from handoff.errors import UnknownAgent
from inbox.conversations import access_conversation, describe_conversation
from server.deps import AgentDep, PrincipalDep, ServicesDep
from server.flows.auditing import actor_of
from server.routes import PROBLEMS
from server.schemas import ConversationOut, HandoffBody, TransferBody
from server.services import Services
from storage.models import HandoffTrigger

router = APIRouter(prefix="/api/v1/conversations/{conversation_id}", tags=["handoff"], responses=PROBLEMS)


@router.post("/handoff", response_model=ConversationOut)
async def request_handoff(
    conversation_id: str, body: HandoffBody, principal: PrincipalDep, services: ServicesDep
) -> Frame:
    """请求人工。客户只能为自己的会话请求。"""
    is_customer = isinstance(principal, VisitorPrincipal)
    async with services.database.write(principal.tenant_id) as session:
        await access_conversation(session, principal, conversation_id)
        await service.request_handoff(
            session,
            conversation_id,
            trigger=HandoffTrigger.CUSTOMER if is_customer else HandoffTrigger.API,
            reason=body.reason or ("客户点击转人工" if is_customer else "坐席或接口发起"),
            note=None if is_customer else body.note,
            clock=services.clock,
        )
        await _record(session, principal, "handoff.requested", conversation_id, services)
        return await describe_conversation(session, principal, conversation_id)


@router.post("/accept", response_model=ConversationOut)
async def accept(conversation_id: str, agent: AgentDep, services: ServicesDep) -> Frame:
    """接待。多人同时接待时只有一人成功，其余得到 409 conversation_taken。"""
    async with services.database.write(agent.tenant_id) as session:
        await service.accept(session, conversation_id, agent, clock=services.clock)
        await _record(session, agent, "conversation.accepted", conversation_id, services)
        return await describe_conversation(session, agent, conversation_id)


@router.post("/transfer", response_model=ConversationOut)
async def transfer(conversation_id: str, body: TransferBody, agent: AgentDep, services: ServicesDep) -> Frame:
    """转接给同事。"""
    if body.agent_id is None:
        raise UnknownAgent
    async with services.database.write(agent.tenant_id) as session:
        await service.transfer(session, conversation_id, agent, body.agent_id, clock=services.clock)
        await _record(session, agent, "conversation.transferred", conversation_id, services, to_agent_id=body.agent_id)
        return await describe_conversation(session, agent, conversation_id)


@router.post("/resolve", response_model=ConversationOut)
async def resolve(conversation_id: str, agent: AgentDep, services: ServicesDep) -> Frame:
    """结束会话。"""
    async with services.database.write(agent.tenant_id) as session:
        await service.resolve(session, conversation_id, clock=services.clock)
        await _record(session, agent, "conversation.resolved", conversation_id, services)
        return await describe_conversation(session, agent, conversation_id)


@router.post("/reopen", response_model=ConversationOut)
async def reopen(conversation_id: str, agent: AgentDep, services: ServicesDep) -> Frame:
    """重新打开已结束的会话，并由自己接待。"""
    async with services.database.write(agent.tenant_id) as session:
        await service.reopen(session, conversation_id, agent, clock=services.clock)
        await _record(session, agent, "conversation.reopened", conversation_id, services)
        return await describe_conversation(session, agent, conversation_id)


@router.post("/return-to-bot", response_model=ConversationOut)
async def return_to_bot(conversation_id: str, agent: AgentDep, services: ServicesDep) -> Frame:
    """转回机器人。"""
    async with services.database.write(agent.tenant_id) as session:
        await service.return_to_bot(session, conversation_id, clock=services.clock)
        await _record(session, agent, "conversation.returned_to_bot", conversation_id, services)
        return await describe_conversation(session, agent, conversation_id)


async def _record(
    session: AsyncSession, principal: Principal, action: str, conversation_id: str, services: Services, **details: Fact
) -> None:
    subject = Subject("conversation", conversation_id)
    await record_audit(session, actor_of(principal), action, subject, clock=services.clock, **details)
