"""The handoff protocol. Each function is one move: checked and written under the conversation's lock, told in the
timeline, announced to both sides. Two people doing the same thing at once get one winner and one clear refusal."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.presence import DESK_ROLES, is_anyone_online
from accounts.principals import AgentPrincipal
from core.clock import Clock
from core.events import Event, EventName, event_frame
from core.ids import new_id
from handoff.errors import ConversationTaken, UnknownAgent
from handoff.machine import Move, next_status
from handoff.summary import summarise
from inbox.content import EventContent, clean_text
from inbox.conversations import announce_conversation, latest_handoff, lock_conversation, queue_position
from inbox.messages import record_event
from storage.db import announce
from storage.models import Conversation, ConversationStatus, Handoff, HandoffState, HandoffTrigger, User

_OPEN = (HandoffState.QUEUED, HandoffState.ACCEPTED)


async def request_handoff(
    session: AsyncSession,
    conversation_id: str,
    *,
    trigger: HandoffTrigger,
    reason: str,
    clock: Clock,
    note: str | None = None,
) -> Conversation:
    """Somebody wants a human: the conversation joins the queue. Asking again meanwhile changes nothing."""
    conversation = await lock_conversation(session, conversation_id)
    if conversation.status in {ConversationStatus.QUEUED, ConversationStatus.ASSIGNED}:
        return conversation
    conversation.status = next_status(conversation.status, Move.REQUEST)
    conversation.waiting_since = clock.now()
    conversation.answered_seq = conversation.last_seq
    await session.flush()
    session.add(
        Handoff(
            id=new_id(),
            conversation_id=conversation.id,
            state=HandoffState.QUEUED,
            trigger=trigger,
            reason=clean_text(reason)[:500],
            note=clean_text(note)[:2000] if note else None,
            summary=await summarise(session, conversation),
            requested_at=clock.now(),
            accepted_at=None,
            accepted_by=None,
            closed_at=None,
        )
    )
    position = await queue_position(session, conversation)
    if await is_anyone_online(session, now=clock.now()):
        text = f"正在为您转接人工客服，您排在第 {position} 位，请稍候。"
    else:
        text = "人工客服暂时不在线。您的问题已记下，客服上线后会第一时间在这里回复您，请放心留言。"
    await _tell(session, conversation, EventName.HANDOFF_QUEUED, text, clock=clock, position=position)
    return conversation


async def accept(session: AsyncSession, conversation_id: str, agent: AgentPrincipal, *, clock: Clock) -> Conversation:
    """An agent takes the conversation. Of many who try, exactly one succeeds.

    Raises:
        ConversationTaken: somebody else has it; the refusal names them.
        WrongState: it is resolved (reopen it instead).
    """
    conversation = await lock_conversation(session, conversation_id)
    if conversation.status is ConversationStatus.ASSIGNED:
        if conversation.assignee_id == agent.user_id:
            return conversation
        owner = await session.get_one(User, conversation.assignee_id)
        raise ConversationTaken(agent=owner.name)
    await _assign(session, conversation, Move.ACCEPT, agent.user_id, clock=clock)
    await _tell_accepted(session, conversation, agent.user_id, agent.name, f"{agent.name} 为您服务。", clock=clock)
    return conversation


async def transfer(
    session: AsyncSession, conversation_id: str, agent: AgentPrincipal, to_agent_id: str, *, clock: Clock
) -> Conversation:
    """Gives the conversation to a colleague.

    Raises:
        UnknownAgent: not an active agent of this tenant.
        WrongState: it is with the bot or resolved.
    """
    conversation = await lock_conversation(session, conversation_id)
    colleague = await session.scalar(
        select(User).where(User.id == to_agent_id, User.is_active, User.role.in_(DESK_ROLES))
    )
    if colleague is None:
        raise UnknownAgent
    await _assign(session, conversation, Move.TRANSFER, colleague.id, clock=clock)
    text = f"{agent.name} 已将会话转给 {colleague.name}，由 {colleague.name} 继续为您服务。"
    await _tell_accepted(session, conversation, colleague.id, colleague.name, text, clock=clock)
    return conversation


async def reopen(session: AsyncSession, conversation_id: str, agent: AgentPrincipal, *, clock: Clock) -> Conversation:
    """Takes up a resolved conversation again, as its owner.

    Raises:
        WrongState: it is not resolved.
    """
    conversation = await lock_conversation(session, conversation_id)
    await _assign(session, conversation, Move.REOPEN, agent.user_id, clock=clock)
    await _tell_accepted(
        session, conversation, agent.user_id, agent.name, f"{agent.name} 重新打开了会话。", clock=clock
    )
    return conversation


async def resolve(session: AsyncSession, conversation_id: str, *, clock: Clock) -> Conversation:
    """Ends the conversation; the contact's next message starts over with the bot.

    Raises:
        WrongState: it is resolved already.
    """
    conversation = await lock_conversation(session, conversation_id)
    conversation.status = next_status(conversation.status, Move.RESOLVE)
    await _release(session, conversation, HandoffState.RESOLVED, clock=clock)
    await _tell(session, conversation, EventName.CONVERSATION_RESOLVED, "本次会话已结束，感谢您的咨询。", clock=clock)
    return conversation


async def return_to_bot(session: AsyncSession, conversation_id: str, *, clock: Clock) -> Conversation:
    """Hands the conversation back to the bot, which answers from the next message on.

    Raises:
        WrongState: the bot has it already, or it is resolved.
    """
    conversation = await lock_conversation(session, conversation_id)
    conversation.status = next_status(conversation.status, Move.RETURN_TO_BOT)
    await _release(session, conversation, HandoffState.RETURNED, clock=clock)
    text = "已转回智能客服，您可以继续提问。"
    await _tell(session, conversation, EventName.CONVERSATION_RETURNED_TO_BOT, text, clock=clock)
    return conversation


async def _assign(session: AsyncSession, conversation: Conversation, move: Move, user_id: str, *, clock: Clock) -> None:
    conversation.status = next_status(conversation.status, move)
    conversation.assignee_id = user_id
    conversation.waiting_since = None
    conversation.answered_seq = conversation.last_seq
    handoff = await latest_handoff(session, conversation.id)
    if handoff is None or handoff.state not in _OPEN:
        handoff = Handoff(
            id=new_id(),
            conversation_id=conversation.id,
            trigger=HandoffTrigger.AGENT,
            reason="坐席主动接待",
            note=None,
            summary=await summarise(session, conversation),
            requested_at=clock.now(),
            closed_at=None,
        )
        session.add(handoff)
    handoff.state = HandoffState.ACCEPTED
    handoff.accepted_at = clock.now()
    handoff.accepted_by = user_id
    await session.flush()


async def _release(session: AsyncSession, conversation: Conversation, state: HandoffState, *, clock: Clock) -> None:
    conversation.assignee_id = None
    conversation.waiting_since = None
    conversation.answered_seq = conversation.last_seq
    conversation.dialog_state = {}
    handoff = await latest_handoff(session, conversation.id)
    if handoff is not None and handoff.state in _OPEN:
        handoff.state = state
        handoff.closed_at = clock.now()
    await session.flush()


async def _tell_accepted(
    session: AsyncSession, conversation: Conversation, user_id: str, name: str, text: str, *, clock: Clock
) -> None:
    await _tell(
        session, conversation, EventName.HANDOFF_ACCEPTED, text, clock=clock, agent={"id": user_id, "name": name}
    )


async def _tell(
    session: AsyncSession, conversation: Conversation, name: EventName, text: str, *, clock: Clock, **fields: object
) -> None:
    await record_event(session, conversation, EventContent(str(name), text), clock=clock)
    frame = event_frame(name, conversation_id=conversation.id, **fields)
    announce(session, Event(name, conversation.tenant_id, contact_frame=frame, contact_id=conversation.contact_id))
    await announce_conversation(session, conversation)
