"""Handoffs: a conversation on its way from the bot to a human, and what came of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import ID_LENGTH, Base, StrEnumType, TenantOwned, id_column


class HandoffState(StrEnum):
    QUEUED = "queued"
    ACCEPTED = "accepted"
    RESOLVED = "resolved"
    RETURNED = "returned"


class HandoffTrigger(StrEnum):
    CUSTOMER = "customer"  # asked for a human, in words or by the button
    MISSES = "misses"  # the bot failed several times in a row
    ANGER = "anger"
    AGENT = "agent"  # somebody in the console took it
    API = "api"


class Handoff(TenantOwned, Base):
    """One handoff. At most one of a conversation is open (queued or accepted)."""

    __tablename__ = "handoffs"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "conversation_id"], ["conversations.tenant_id", "conversations.id"], ondelete="CASCADE"
        ),
        Index("ix_handoffs_conversation", "tenant_id", "conversation_id", "requested_at"),
        Index("ix_handoffs_requested", "tenant_id", "requested_at"),
    )

    id: Mapped[str] = id_column()
    conversation_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    state: Mapped[HandoffState] = mapped_column(StrEnumType(HandoffState))
    trigger: Mapped[HandoffTrigger] = mapped_column(StrEnumType(HandoffTrigger))
    reason: Mapped[str] = mapped_column(String(500))
    note: Mapped[str | None]
    summary: Mapped[dict[str, Any]]
    requested_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    closed_at: Mapped[datetime | None]
