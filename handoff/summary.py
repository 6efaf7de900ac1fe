"""What the agent is told before the first reply: what was asked, what the bot answered and how sure it was."""

from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from inbox.content import preview
from storage.models import Conversation, Message, SenderKind

_LOOK_BACK: Final = 30
_MAX_ITEMS: Final = 6


async def summarise(session: AsyncSession, conversation: Conversation) -> dict[str, Any]:
    """The last questions and answers of a conversation, in the shape of docs/api.md (`handoff.summary`)."""
    recent = await session.scalars(
        select(Message)
        .where(Message.conversation_id == conversation.id, Message.seq > conversation.last_seq - _LOOK_BACK)
        .order_by(Message.seq)
    )
    questions: list[str] = []
    answers: list[dict[str, Any]] = []
    for message in recent:
        if message.sender_kind is SenderKind.CUSTOMER:
            questions.append(preview(message.text))
        elif message.sender_kind is SenderKind.BOT and message.answer and message.answer.get("faq_id"):
            answers.append(
                {
                    "question": message.answer.get("question"),
                    "text": preview(message.text),
                    "confidence": message.answer["confidence"],
                }
            )
    state = conversation.dialog_state
    return {
        "questions": questions[-_MAX_ITEMS:],
        "answers": answers[-_MAX_ITEMS:],
        "sentiment": state.get("sentiment", "neutral"),
        "entities": state.get("entities", []),
    }
