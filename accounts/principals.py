"""Who is asking. Everything behind the front door receives one of these, never a token."""

from dataclasses import dataclass

from storage.models import Role


@dataclass(frozen=True, slots=True)
class AgentPrincipal:
    """A signed-in person of a tenant."""

    tenant_id: str
    user_id: str
    name: str
    email: str
    role: Role
    token_id: str

    @property
    def may_reply(self) -> bool:
        """Whether this person talks to customers; editors and analysts look but do not touch."""
        return self.role in {Role.ADMIN, Role.SUPERVISOR, Role.AGENT}


@dataclass(frozen=True, slots=True)
class VisitorPrincipal:
    """A contact, known by the token that its browser keeps."""

    tenant_id: str
    contact_id: str
    inbox_id: str
    name: str
    token_id: str


Principal = AgentPrincipal | VisitorPrincipal
