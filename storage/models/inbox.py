"""Who writes in, through which door, and what was said."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import ID_LENGTH, Base, StrEnumType, TenantOwned, id_column


class ConversationStatus(StrEnum):
    """Who owns a conversation: exactly one of the bot, the queue, one agent, or nobody any more."""

    BOT = "bot"
    QUEUED = "queued"
    ASSIGNED = "assigned"
    RESOLVED = "resolved"


class SenderKind(StrEnum):
    CUSTOMER = "customer"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


class Inbox(TenantOwned, Base):
    """One configured connection of a channel, such as the chat of one web site."""

    __tablename__ = "inboxes"
    __table_args__ = (UniqueConstraint("tenant_id", "id"),)

    id: Mapped[str] = id_column()
    name: Mapped[str] = mapped_column(String(120))
    channel: Mapped[str] = mapped_column(String(32))
    site_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    settings: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Contact(TenantOwned, Base):
    """A person who writes in."""

    __tablename__ = "contacts"
    __table_args__ = (
        UniqueConstraint("tenant_id", "id"),
        UniqueConstraint("tenant_id", "inbox_id", "external_id"),
        ForeignKeyConstraint(["tenant_id", "inbox_id"], ["inboxes.tenant_id", "inboxes.id"], ondelete="CASCADE"),
    )

    id: Mapped[str] = id_column()
    inbox_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    external_id: Mapped[str | None] = mapped_column(String(200))  # the name that the channel gives this person
    name: Mapped[str] = mapped_column(String(120))
    attributes: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class VisitorToken(TenantOwned, Base):
    """What a browser keeps to be recognised as the same contact; only its hash is stored."""

    __tablename__ = "visitor_tokens"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "contact_id"], ["contacts.tenant_id", "contacts.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "inbox_id"], ["inboxes.tenant_id", "inboxes.id"], ondelete="CASCADE"),
        Index(None, "tenant_id", "contact_id"),
    )

    id: Mapped[str] = id_column()
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    contact_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    inbox_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Conversation(TenantOwned, Base):
    """A thread with one contact in one inbox. Its row lock orders everything that is said in it."""

    __tablename__ = "conversations"
    __table_args__ = (
        UniqueConstraint("tenant_id", "id"),
        ForeignKeyConstraint(["tenant_id", "inbox_id"], ["inboxes.tenant_id", "inboxes.id"]),
        ForeignKeyConstraint(["tenant_id", "contact_id"], ["contacts.tenant_id", "contacts.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "assignee_id"], ["users.tenant_id", "users.id"]),
        CheckConstraint("(status = 'assigned') = (assignee_id IS NOT NULL)", name="one_owner"),
        CheckConstraint("(status = 'queued') = (waiting_since IS NOT NULL)", name="queued_since"),
        Index("ix_conversations_list", "tenant_id", "status", "updated_at"),
        Index("ix_conversations_recent", "tenant_id", "updated_at"),
        Index("ix_conversations_assignee", "tenant_id", "assignee_id", "updated_at"),
        Index("ix_conversations_contact", "tenant_id", "contact_id", "updated_at"),
    )

    id: Mapped[str] = id_column()
    inbox_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    contact_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    status: Mapped[ConversationStatus] = mapped_column(StrEnumType(ConversationStatus))
    assignee_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    waiting_since: Mapped[datetime | None]
    last_seq: Mapped[int] = mapped_column(default=0)
    answered_seq: Mapped[int] = mapped_column(default=0)  # the customer message up to which the bot has done its turn
    agent_read_seq: Mapped[int] = mapped_column(default=0)
    contact_read_seq: Mapped[int] = mapped_column(default=0)
    last_customer_seq: Mapped[int] = mapped_column(default=0)
    unread: Mapped[int] = mapped_column(default=0)  # customer messages that no agent has read
    last_message_seq: Mapped[int] = mapped_column(default=0)  # of the last thing said; events do not count
    last_sender: Mapped[SenderKind | None] = mapped_column(StrEnumType(SenderKind))
    last_preview: Mapped[str] = mapped_column(String(200), default="")
    last_message_at: Mapped[datetime | None]
    dialog_state: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Message(TenantOwned, Base):
    """One entry of a conversation's timeline: said, noted, or an event such as 'handed over'.

    Entries that the contact may see carry `seq` = 1, 2, 3 … without a gap. A note has none, lest its contact see a
    gap where it is; `anchor_seq` says after which entry it stands.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("tenant_id", "conversation_id", "seq"),
        UniqueConstraint("tenant_id", "conversation_id", "sender_key", "client_msg_id", name="uq_messages_client_msg"),
        UniqueConstraint("tenant_id", "id"),
        ForeignKeyConstraint(
            ["tenant_id", "conversation_id"], ["conversations.tenant_id", "conversations.id"], ondelete="CASCADE"
        ),
        CheckConstraint("is_note = (seq IS NULL)", name="note_without_seq"),
        CheckConstraint("is_note = (anchor_seq IS NOT NULL)", name="note_with_anchor"),
        Index("ix_messages_created", "tenant_id", "created_at"),
    )

    id: Mapped[str] = id_column()
    conversation_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    seq: Mapped[int | None]
    anchor_seq: Mapped[int | None]
    is_note: Mapped[bool]
    sender_kind: Mapped[SenderKind] = mapped_column(StrEnumType(SenderKind))
    sender_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    sender_key: Mapped[str] = mapped_column(String(ID_LENGTH + 16))  # kind and id: NULLs would defeat the unique rule
    sender_name: Mapped[str] = mapped_column(String(120))
    client_msg_id: Mapped[str | None] = mapped_column(String(128))
    content: Mapped[dict[str, Any]]
    text: Mapped[str]  # what search looks at
    answer: Mapped[dict[str, Any] | None]  # the bot's decision in short; agents only
    created_at: Mapped[datetime]


class CannedReply(TenantOwned, Base):
    """A prepared reply that agents insert with a slash."""

    __tablename__ = "canned_replies"
    __table_args__ = (UniqueConstraint("tenant_id", "shortcut"),)

    id: Mapped[str] = id_column()
    title: Mapped[str] = mapped_column(String(120))
    shortcut: Mapped[str] = mapped_column(String(32))
    category: Mapped[str] = mapped_column(String(80))
    text: Mapped[str]
