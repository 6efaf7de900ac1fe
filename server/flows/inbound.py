"""The way of a customer's message in: stored, acknowledged, then the bot takes its turn.

channel → Intake (message + seq + outbox, one transaction) → acknowledged → BotTurns → reply or handoff → stored → told
"""

from dataclasses import dataclass

from inbox.content import TextContent
from inbox.messages import Post, Recorded
from server.flows.bot_turn import BotTurns
from server.flows.intake import Intake, owes_a_turn


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a contact says, from whichever channel; already authenticated."""

    tenant_id: str
    contact_id: str
    conversation_id: str
    content: TextContent
    client_msg_id: str | None


class Inbound:
    """Takes in messages of contacts. Safe for concurrent tasks."""

    def __init__(self, intake: Intake, bot_turns: BotTurns) -> None:
        self._intake = intake
        self._bot_turns = bot_turns

    async def store(self, incoming: Incoming) -> Recorded:
        """Stores a message durably; when this returns, it may be acknowledged. Then call `answer`.

        Raises:
            NotFound: the conversation is not this contact's.
            IdConflict: the client_msg_id was used for another text.
        """
        said = Post(incoming.conversation_id, incoming.contact_id, incoming.content, incoming.client_msg_id)
        return await self._intake.submit(incoming.tenant_id, said)

    def answer(self, recorded: Recorded) -> None:
        """Lets the bot take its turn on a stored message, in the background."""
        if owes_a_turn(recorded):
            self._bot_turns.soon(recorded.conversation.tenant_id, recorded.conversation.id)

    async def answer_now(self, recorded: Recorded) -> None:
        """As `answer`, but returns when the bot is done: for channels that reply in the same request."""
        if owes_a_turn(recorded):
            await self._bot_turns.take(recorded.conversation.tenant_id, recorded.conversation.id)
