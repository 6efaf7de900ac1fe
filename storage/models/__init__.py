"""All tables; importing this package fills `Base.metadata`."""

from storage.models.access import (
    ApiKey,
    CustomRole,
    PasswordLink,
    RecoveryCode,
    SecondFactor,
    SetupToken,
    SignInAttempt,
)
from storage.models.accounts import AccessToken, Presence, Role, Tenant, User
from storage.models.audit import AuditEntry
from storage.models.handoff import Handoff, HandoffState, HandoffTrigger
from storage.models.idempotency import IdempotencyRecord
from storage.models.identity import ContactMerge, ContactReveal, IdentityKey, KeyAlgorithm
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
    "ApiKey",
    "AuditEntry",
    "CannedReply",
    "Contact",
    "ContactMerge",
    "ContactReveal",
    "Conversation",
    "ConversationStatus",
    "CustomRole",
    "Handoff",
    "HandoffState",
    "HandoffTrigger",
    "IdempotencyRecord",
    "IdentityKey",
    "Inbox",
    "KeyAlgorithm",
    "KnowledgeEntry",
    "KnowledgeRevision",
    "Message",
    "OutboxJob",
    "PasswordLink",
    "Presence",
    "RecoveryCode",
    "Role",
    "SecondFactor",
    "SenderKind",
    "SetupToken",
    "SignInAttempt",
    "Tenant",
    "User",
    "VisitorToken",
]
