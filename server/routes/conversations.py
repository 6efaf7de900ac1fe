"""Conversations and their messages, for agents and for the contact itself."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from accounts.principals import AgentPrincipal, VisitorPrincipal
from core.events import Frame
from inbox.content import parse_content
from inbox.conversations import (
    ListFilter,
    View,
    access_conversation,
    count_conversations,
    describe_conversation,
    list_conversations,
)
from inbox.messages import Post, check_client_msg_id, messages_after, messages_before
from inbox.wire import message_for_agents, message_for_contact
from server.deps import AddressDep, AgentDep, PrincipalDep, ServicesDep
from server.limiter import Rate
from server.policy import check_may_send
from server.routes import PROBLEMS
from server.schemas import ConversationOut, ConversationsOut, CountsOut, MessageBody, MessageOut, MessagesOut

router = APIRouter(prefix="/api/v1/conversations", tags=["conversations"], responses=PROBLEMS)

Limit = Annotated[int, Query(ge=1, le=200)]
Seq = Annotated[int, Query(ge=0, le=2**31 - 1)]


@router.get("", response_model=ConversationsOut)
async def list_all(
    agent: AgentDep,
    services: ServicesDep,
    view: View = View.ALL,
    q: Annotated[str, Query(max_length=100)] = "",
    contact_id: Annotated[str | None, Query(max_length=64)] = None,
    limit: Limit = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Frame:
    """会话列表。"""
    async with services.database.read(agent.tenant_id) as session:
        listed = await list_conversations(
            session, agent, ListFilter(view, q.strip(), contact_id), limit=limit, cursor=cursor
        )
    return {"items": listed.items, "next_cursor": listed.next_cursor}


@router.get("/counts")
async def count_all(agent: AgentDep, services: ServicesDep) -> CountsOut:
    """各列表的数量。"""
    async with services.database.read(agent.tenant_id) as session:
        return CountsOut(**await count_conversations(session, agent))


@router.get("/{conversation_id}", response_model=ConversationOut)
async def read_one(conversation_id: str, principal: PrincipalDep, services: ServicesDep) -> Frame:
    """一个会话；坐席另可见转人工摘要。"""
    async with services.database.read(principal.tenant_id) as session:
        return await describe_conversation(session, principal, conversation_id)


@router.get("/{conversation_id}/messages", response_model=MessagesOut)
async def list_messages(
    conversation_id: str,
    principal: PrincipalDep,
    services: ServicesDep,
    after_seq: Seq | None = None,
    before_seq: Seq | None = None,
    limit: Limit = 50,
) -> Frame:
    """按 seq 升序的消息。给 after_seq 取其后的，否则取最后的（before_seq 之前的）。"""
    with_notes = isinstance(principal, AgentPrincipal)
    async with services.database.read(principal.tenant_id) as session:
        await access_conversation(session, principal, conversation_id)
        if after_seq is not None:
            rows = await messages_after(session, conversation_id, after_seq, limit=limit + 1, with_notes=with_notes)
            page, has_more = rows[:limit], len(rows) > limit
        else:
            rows = await messages_before(session, conversation_id, before_seq, limit=limit + 1, with_notes=with_notes)
            page, has_more = rows[-limit:], len(rows) > limit
    show = message_for_agents if with_notes else message_for_contact
    cursor = None
    if has_more:
        edge = page[-1] if after_seq is not None else page[0]
        cursor = str(edge.seq if edge.seq is not None else edge.anchor_seq)
    return {"items": [show(message) for message in page], "next_cursor": cursor}


@router.post("/{conversation_id}/messages", status_code=status.HTTP_201_CREATED, response_model=MessageOut)
async def create_message(
    conversation_id: str,
    body: MessageBody,
    principal: PrincipalDep,
    services: ServicesDep,
    address: AddressDep,
    response: Response,
) -> Frame:
    """发送消息。同一个 client_msg_id 再发一次得到同一条消息（200）。"""
    await services.limiter.check(
        address, (Rate.MESSAGE_BY_TOKEN, principal.token_id), (Rate.MESSAGE_BY_ADDRESS, address or "")
    )
    content = parse_content(body.content, max_chars=services.settings.max_message_chars)
    client_msg_id = check_client_msg_id(body.client_msg_id)
    if isinstance(principal, VisitorPrincipal):
        said = Post(conversation_id, principal.contact_id, content, client_msg_id)
        recorded = await services.intake.submit(principal.tenant_id, said)
        services.inbound.answer(recorded)
        frame = message_for_contact(recorded.message)
    else:
        check_may_send(principal, is_note=body.note)
        said = Post(conversation_id, principal, content, client_msg_id, is_note=body.note)
        recorded = await services.intake.submit(principal.tenant_id, said)
        frame = message_for_agents(recorded.message)
    if not recorded.is_new:
        response.status_code = status.HTTP_200_OK
    return frame
