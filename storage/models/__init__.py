"""All tables; importing this package fills `Base.metadata`."""

from storage.models.accounts import AccessToken, Presence, Role, Tenant, User
from storage.models.audit import AuditEntry
from storage.models.handoff import Handoff, HandoffState, HandoffTrigger
from storage.models.idempotency import IdempotencyRecord
from storage.models.inbox import (
    CannedReply,
    Contact,
    Conversation,
    ConversationStatus,
    Inbox,
    Message,
    SenderKind,
    VisitorToken,
)
from storage.models.knowledge import AnswerReceipt, KnowledgeEntry, KnowledgeRevision
from storage.models.outbox import OutboxJob

__all__ = [
    "AccessToken",
    "AnswerReceipt",
    "AuditEntry",
    "CannedReply",
    "Contact",
    "Conversation",
    "ConversationStatus",
    "Handoff",
    "HandoffState",
    "HandoffTrigger",
    "IdempotencyRecord",
    "Inbox",
    "KnowledgeEntry",
    "KnowledgeRevision",
    "Message",
    "OutboxJob",
    "Presence",
    "Role",
    "SenderKind",
    "Tenant",
    "User",
    "VisitorToken",
]
