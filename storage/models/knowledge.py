"""The knowledge base of a tenant and the receipts of what was answered from it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import ID_LENGTH, Base, TenantOwned, id_column


class KnowledgeEntry(TenantOwned, Base):
    """One FAQ entry. `entry_key` is the editor's own id, unique in the tenant; importing it again replaces it."""

    __tablename__ = "knowledge_entries"
    __table_args__ = (
        UniqueConstraint("tenant_id", "entry_key"),
        Index("ix_knowledge_entries_category", "tenant_id", "category"),
    )

    id: Mapped[str] = id_column()
    entry_key: Mapped[str] = mapped_column(String(128))
    question: Mapped[str]
    similar: Mapped[list[str]]
    answer: Mapped[str]
    category: Mapped[str] = mapped_column(String(200))
    labels: Mapped[list[str]]
    position: Mapped[int]  # order of import: what export returns
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class KnowledgeRevision(TenantOwned, Base):
    """Grows with every published change; an index built from an older revision is stale."""

    __tablename__ = "knowledge_revisions"
    __table_args__ = (UniqueConstraint("tenant_id"),)

    id: Mapped[str] = id_column()
    revision: Mapped[int]
    updated_at: Mapped[datetime]


class AnswerReceipt(TenantOwned, Base):
    """Why the bot said what it said: question, index version, candidates, scores, rule."""

    __tablename__ = "answer_receipts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "conversation_id"], ["conversations.tenant_id", "conversations.id"], ondelete="CASCADE"
        ),
        Index("ix_answer_receipts_conversation", "tenant_id", "conversation_id"),
        Index("ix_answer_receipts_created", "tenant_id", "created_at"),
    )

    id: Mapped[str] = id_column()
    conversation_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    message_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))  # the bot's message, where it said something
    question_seq: Mapped[int]
    action: Mapped[str] = mapped_column(String(16))
    entry_key: Mapped[str | None] = mapped_column(String(128))
    confidence: Mapped[float]
    latency_ms: Mapped[float]
    trace: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
