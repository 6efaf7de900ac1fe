"""The way of a customer's message in: stored, acknowledged, then the bot takes its turn.

channel → receive (message + seq + outbox, one transaction) → acknowledged → BotTurns → reply or handoff → stored → told
"""

from dataclasses import dataclass

from core.clock import Clock
from core.errors import NotFound
from inbox.content import TextContent
from inbox.messages import Recorded, receive
from server.flows.bot_turn import BOT_TURN, BotTurns
from storage.db import Database
from storage.models import Contact, Conversation, ConversationStatus
from storage.outbox import owe


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a contact says, from whichever channel; already authenticated."""

    tenant_id: str
    contact_id: str
    conversation_id: str
    content: TextContent
    client_msg_id: str | None
    origin: str | None = None  # the connection that gets an acknowledgement of its own


class Inbound:
    """Takes in messages of contacts. Safe for concurrent tasks."""

    def __init__(self, database: Database, bot_turns: BotTurns, clock: Clock) -> None:
        self._database = database
        self._bot_turns = bot_turns
        self._clock = clock

    async def store(self, incoming: Incoming) -> Recorded:
        """Stores a message durably; when this returns, it may be acknowledged. Then call `answer`.

        Raises:
            NotFound: the conversation is not this contact's.
            IdConflict: the client_msg_id was used for another text.
        """
        async with self._database.write(incoming.tenant_id) as session:
            conversation = await session.get(Conversation, incoming.conversation_id)
            if conversation is None or conversation.contact_id != incoming.contact_id:
                raise NotFound
            contact = await session.get_one(Contact, incoming.contact_id)
            recorded = await receive(
                session,
                incoming.conversation_id,
                contact,
                incoming.content,
                client_msg_id=incoming.client_msg_id,
                clock=self._clock,
                origin=incoming.origin,
            )
            if recorded.is_new and recorded.conversation.status is ConversationStatus.BOT:
                owe(
                    session,
                    kind=BOT_TURN,
                    key=recorded.message.id,
                    payload={"conversation_id": incoming.conversation_id},
                    now=self._clock.now(),
                )
        return recorded

    def answer(self, recorded: Recorded) -> None:
        """Lets the bot take its turn on a stored message, in the background."""
        if recorded.is_new and recorded.conversation.status is ConversationStatus.BOT:
            self._bot_turns.soon(recorded.conversation.tenant_id, recorded.conversation.id)

    async def answer_now(self, recorded: Recorded) -> None:
        """As `answer`, but returns when the bot is done: for channels that reply in the same request."""
        if recorded.is_new and recorded.conversation.status is ConversationStatus.BOT:
            await self._bot_turns.take(recorded.conversation.tenant_id, recorded.conversation.id)
