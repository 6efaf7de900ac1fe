"""Who is asking, and what they may do. Everything behind the front door receives one of these, never a token."""

from dataclasses import dataclass
from datetime import datetime

from accounts.permissions import Permission


@dataclass(frozen=True, slots=True)
class AgentPrincipal:
    """A person of a tenant: signed in, or through an API key of theirs."""

    tenant_id: str
    user_id: str
    name: str
    email: str
    permissions: frozenset[Permission]
    token_id: str
    expires_at: datetime
    is_api_key: bool = False

    def may(self, permission: Permission) -> bool:
        """Whether this person, with this token, holds a permission."""
        return permission in self.permissions


@dataclass(frozen=True, slots=True)
class VisitorPrincipal:
    """A contact, known by the token that its browser keeps."""

    tenant_id: str
    contact_id: str
    inbox_id: str
    name: str
    token_id: str
    expires_at: datetime


Principal = AgentPrincipal | VisitorPrincipal
