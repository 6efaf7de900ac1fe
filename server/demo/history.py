"""A month of past conversations for the demo tenant, so that lists, search and figures have something to show.

Two kinds: conversations written by hand (data/demo/conversations.jsonl), told again line by line; and questions that
customers might ask (data/demo/heldout), put to the real bot, whose real answers, doubts and handoffs they show. All
of it goes through the same functions as live traffic, with a clock that is set to the past.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.permissions import BUILT_IN
from accounts.principals import AgentPrincipal
from core.clock import Clock, ManualClock
from handoff import service as handoff
from inbox.contacts import ContactClaim, create_contact
from inbox.content import TextContent
from inbox.conversations import lock_conversation, open_conversation
from inbox.messages import Post, Sender, messages_before, post, say
from server.demo.seed import DATA, read_lines
from server.engines import EngineRegistry
from server.flows.bot_turn import BotTurns
from storage.db import Database
from storage.models import (
    Contact,
    Conversation,
    ConversationStatus,
    HandoffTrigger,
    Inbox,
    KnowledgeEntry,
    Role,
    SenderKind,
    User,
)

_ZONE: Final = ZoneInfo("Asia/Shanghai")
_DAYS: Final = 30
_A_DAY: Final = 10  # bot conversations
# When shoppers write: little at night, most before noon and after supper.
_HOURS: Final = (1, 0, 0, 0, 0, 0, 1, 2, 5, 8, 12, 11, 7, 6, 7, 8, 7, 6, 6, 8, 12, 13, 10, 4)
_SURNAMES: Final = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗"
_TITLES: Final = ("女士", "先生", "小姐", "同学")
_REPLIES: Final = (
    "您好，我是{agent}，前面的聊天我看过了，这就帮您核实，请稍等。",
    "已经为您登记处理，预计 24 小时内会有专人联系您，处理进度也会在这里同步。",
)


@dataclass(slots=True)
class _Stage:
    database: Database
    tenant_id: str
    inboxes: dict[str, Inbox]
    agents: list[AgentPrincipal]
    bot_turns: BotTurns
    clock: ManualClock
    entry_keys: dict[str, str]  # by standard question


async def seed_history(
    database: Database,
    tenant_id: str,
    engines: EngineRegistry,
    *,
    clock: Clock,
    progress: Callable[[float], None] = lambda done: None,
) -> int:
    """Writes the past; returns how many conversations. `progress` is called with the share done, 0..1."""
    past = ManualClock(clock.now())
    async with database.read(tenant_id) as session:
        inboxes = {inbox.channel: inbox for inbox in await session.scalars(select(Inbox))}
        users = await session.scalars(select(User).where(User.email.like("agent%")).order_by(User.email))
        entries = await session.scalars(select(KnowledgeEntry))
        entry_keys = {entry.question: entry.entry_key for entry in entries}
        agents = [
            AgentPrincipal(tenant_id, user.id, user.name, user.email, BUILT_IN[Role.AGENT], "", clock.now())
            for user in users
        ]
    stage = _Stage(database, tenant_id, inboxes, agents, BotTurns(database, engines, past), past, entry_keys)
    today = clock.now().astimezone(_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    written = read_lines(DATA / "conversations.jsonl")
    asked = list(_questions(random.Random(20261122), today))  # noqa: S311 - a story, not a secret
    total = len(written) + len(asked)
    for number, script in enumerate(sorted([*_shifted(written, today), *asked], key=lambda item: item["at"])):
        if script["at"] < clock.now() - timedelta(minutes=30):
            await (_retell(stage, script) if "messages" in script else _ask(stage, script))
        progress((number + 1) / total)
    return total


def _shifted(written: list[dict[str, Any]], today: datetime) -> Iterator[dict[str, Any]]:
    newest = max(datetime.fromisoformat(message["at"]) for script in written for message in script["messages"])
    shift = timedelta(days=(today.date() - newest.astimezone(_ZONE).date()).days)
    for script in written:
        messages = [{**message, "at": datetime.fromisoformat(message["at"]) + shift} for message in script["messages"]]
        yield {**script, "messages": messages, "at": messages[0]["at"]}


def _questions(chance: random.Random, today: datetime) -> Iterator[dict[str, Any]]:
    pool = [line for path in sorted(DATA.glob("heldout/*.jsonl")) for line in read_lines(path) if "gold_ids" in line]
    chance.shuffle(pool)
    channels = ("web", "web", "web", "app", "app", "wechat")
    for day in range(_DAYS):
        for _ in range(_A_DAY + chance.randint(-3, 4)):
            hour = chance.choices(range(24), _HOURS)[0]
            at = (
                today
                - timedelta(days=_DAYS - 1 - day)
                + timedelta(hours=hour, minutes=chance.randint(0, 59), seconds=chance.randint(0, 59))
            )
            yield {
                "at": at,
                "channel": chance.choice(channels),
                "contact": chance.choice(_SURNAMES) + chance.choice(_TITLES),
                "questions": [pool.pop() for _ in range(chance.choice((1, 1, 2))) if pool],
                "pause": [chance.randint(20, 90) for _ in range(4)],
                "wants_human": chance.random() < 0.18,
                "agent": chance.randint(0, 1),
            }


async def _retell(stage: _Stage, script: dict[str, Any]) -> None:
    """A written conversation: every line as it stands, handed over where an agent first speaks."""
    conversation_id, contact = await _begin(stage, script)
    agent = stage.agents[int(script["id"][-1]) % len(stage.agents)]
    for message in script["messages"]:
        _at(stage, message["at"])
        async with stage.database.write(stage.tenant_id) as session:
            await _say(stage, session, conversation_id, contact, agent, message)
    await _finish(stage, conversation_id)


async def _say(
    stage: _Stage,
    session: AsyncSession,
    conversation_id: str,
    contact: Contact,
    agent: AgentPrincipal,
    message: dict[str, Any],
) -> None:
    content = TextContent(message["text"])
    conversation = await lock_conversation(session, conversation_id)
    if message["role"] == "customer":
        recorded = await post(session, Post(conversation_id, contact.id, content, None), clock=stage.clock)
        recorded.conversation.answered_seq = recorded.conversation.last_seq
    elif message["role"] == "bot":
        await say(session, conversation, Sender(SenderKind.BOT, "小应"), content, now=stage.clock.now())
    else:
        if conversation.status is ConversationStatus.BOT:
            await handoff.request_handoff(
                session,
                conversation_id,
                trigger=HandoffTrigger.CUSTOMER,
                reason="客户要求人工服务",
                clock=stage.clock,
            )
            await handoff.accept(session, conversation_id, agent, clock=stage.clock)
        await post(session, Post(conversation_id, agent, content, None), clock=stage.clock)


async def _ask(stage: _Stage, script: dict[str, Any]) -> None:
    """Questions to the real bot; some customers then want a human and get one."""
    conversation_id, contact = await _begin(stage, script)
    moment = script["at"]
    for question, pause in zip(script["questions"], script["pause"], strict=False):
        offered = await _put(stage, conversation_id, contact, question["text"], moment)
        moment += timedelta(seconds=pause)
        meant = next((title for title in offered if stage.entry_keys.get(title) in question["gold_ids"]), None)
        if meant is not None:  # the customer taps the suggestion that was meant
            await _put(stage, conversation_id, contact, meant, moment)
            moment += timedelta(seconds=pause)
    if script["wants_human"]:
        await _put(stage, conversation_id, contact, "转人工", moment)
        moment += timedelta(seconds=script["pause"][-1])
    async with stage.database.read(stage.tenant_id) as session:
        conversation = await session.get_one(Conversation, conversation_id)
    if conversation.status is ConversationStatus.QUEUED:
        await _serve(stage, conversation_id, stage.agents[script["agent"]], moment)
    await _finish(stage, conversation_id)


async def _put(stage: _Stage, conversation_id: str, contact: Contact, text: str, moment: datetime) -> list[str]:
    """Says something to the real bot; returns what it offered to tap on."""
    _at(stage, moment)
    async with stage.database.write(stage.tenant_id) as session:
        await post(session, Post(conversation_id, contact.id, TextContent(text), None), clock=stage.clock)
    stage.clock.advance(timedelta(milliseconds=30))
    await stage.bot_turns.take(stage.tenant_id, conversation_id)
    async with stage.database.read(stage.tenant_id) as session:
        said = await messages_before(session, conversation_id, None, limit=1, with_notes=False)
    return [button["title"] for button in said[-1].content.get("buttons", [])]


async def _serve(stage: _Stage, conversation_id: str, agent: AgentPrincipal, moment: datetime) -> None:
    _at(stage, moment)
    async with stage.database.write(stage.tenant_id) as session:
        await handoff.accept(session, conversation_id, agent, clock=stage.clock)
    for reply in _REPLIES:
        stage.clock.advance(timedelta(seconds=40))
        async with stage.database.write(stage.tenant_id) as session:
            content = TextContent(reply.format(agent=agent.name))
            await post(session, Post(conversation_id, agent, content, None), clock=stage.clock)


async def _begin(stage: _Stage, script: dict[str, Any]) -> tuple[str, Contact]:
    _at(stage, script["at"])
    inbox = stage.inboxes.get(script["channel"], stage.inboxes["web"])
    async with stage.database.write(stage.tenant_id) as session:
        contact = await create_contact(session, inbox, ContactClaim(name=script["contact"]), clock=stage.clock)
        conversation = await open_conversation(session, contact, clock=stage.clock)
    return conversation.id, contact


async def _finish(stage: _Stage, conversation_id: str) -> None:
    stage.clock.advance(timedelta(minutes=3))
    async with stage.database.write(stage.tenant_id) as session:
        conversation = await handoff.resolve(session, conversation_id, clock=stage.clock)
        conversation.unread = 0
        conversation.agent_read_seq = conversation.contact_read_seq = conversation.last_seq


def _at(stage: _Stage, moment: datetime) -> None:
    stage.clock.advance(moment - stage.clock.now())
