"""What people may do: permissions, and the built-in roles made of them.

A permission is named `resource.verb`. Code asks for a permission, never for a role: who holds it is the tenant's
business (accounts.roles), and a role that somebody makes tomorrow works without a change here.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from storage.models import Role


class Permission(StrEnum):
    CONVERSATION_READ = "conversation.read"
    CONVERSATION_NOTE = "conversation.note"
    CONVERSATION_REPLY = "conversation.reply"  # be at the desk: speak to customers, be online
    CONVERSATION_HANDLE = "conversation.handle"  # hand over, accept, transfer, resolve, reopen, return to the bot
    CONTACT_READ = "contact.read"  # phone numbers and addresses stay masked
    CONTACT_REVEAL = "contact.reveal"  # see one masked field, for a reason, on the record
    CONTACT_MERGE = "contact.merge"
    CONTACT_EXPORT = "contact.export"  # everything that is stored of one person
    CONTACT_ERASE = "contact.erase"  # … gone for good
    KNOWLEDGE_READ = "knowledge.read"
    KNOWLEDGE_ASK = "knowledge.ask"
    KNOWLEDGE_WRITE = "knowledge.write"
    CANNED_REPLY_READ = "canned_reply.read"
    STATS_READ = "stats.read"
    COLLEAGUE_READ = "colleague.read"  # who works here and is at the desk; no addresses
    MEMBER_READ = "member.read"
    MEMBER_MANAGE = "member.manage"
    ROLE_READ = "role.read"
    ROLE_MANAGE = "role.manage"
    API_KEY_MANAGE = "api_key.manage"
    INBOX_READ = "inbox.read"
    INBOX_MANAGE = "inbox.manage"
    AUDIT_READ = "audit.read"
    TENANT_MANAGE = "tenant.manage"
    PLATFORM_MANAGE = "platform.manage"  # make tenants; the only one that reaches beyond the own tenant


P = Permission
_LOOK: Final = frozenset(
    {P.CONVERSATION_READ, P.CONTACT_READ, P.KNOWLEDGE_READ, P.CANNED_REPLY_READ, P.STATS_READ, P.COLLEAGUE_READ}
)
_DESK: Final = _LOOK | {
    P.CONVERSATION_NOTE, P.CONVERSATION_REPLY, P.CONVERSATION_HANDLE, P.CONTACT_REVEAL, P.KNOWLEDGE_ASK,
}  # fmt: skip
_ADMIN: Final = frozenset(P) - {P.PLATFORM_MANAGE}

BUILT_IN: Final[dict[Role, frozenset[Permission]]] = {
    Role.OPERATOR: frozenset(P),
    Role.ADMIN: _ADMIN,
    Role.SUPERVISOR: _DESK | {P.CONTACT_MERGE, P.MEMBER_READ, P.ROLE_READ, P.INBOX_READ},
    Role.AGENT: _DESK,
    Role.EDITOR: _LOOK | {P.CONVERSATION_NOTE, P.KNOWLEDGE_ASK, P.KNOWLEDGE_WRITE},
    Role.ANALYST: _LOOK | {P.KNOWLEDGE_ASK},
    Role.READ_ONLY: _LOOK,
}


def known_permissions(names: Iterable[str]) -> frozenset[Permission]:
    """The permissions of stored names; a name that this version does not know gives nothing."""
    known = {str(permission) for permission in Permission}
    return frozenset(Permission(name) for name in names if name in known)
