"""What people with rights do leaves a row in the audit log, written in the transaction of the act, as its last step."""

from sqlalchemy.ext.asyncio import AsyncSession

from accounts.principals import AgentPrincipal, Principal
from audit.chain import Fact
from audit.record import Actor, Subject, record_audit
from core.clock import Clock


def actor_of(principal: Principal) -> Actor:
    """A principal as the audit log names it; an API key acts as itself."""
    if not isinstance(principal, AgentPrincipal):
        return Actor("contact", principal.contact_id)
    return Actor("api_key", principal.token_id) if principal.is_api_key else Actor("agent", principal.user_id)


async def note(
    session: AsyncSession, principal: Principal, action: str, subject: Subject, *, clock: Clock, **details: Fact
) -> None:
    """Records an act of somebody who was let in. `details` are codes and counts, never what people wrote."""
    await record_audit(session, actor_of(principal), action, subject, clock=clock, **details)
