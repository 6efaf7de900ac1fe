"""What was refused leaves a row in the audit log, in a transaction of its own: the act it belongs to never happened."""

from sqlalchemy.exc import SQLAlchemyError

from accounts.errors import WrongCredentials
from accounts.principals import Principal
from audit.record import Actor, Subject, record_audit
from core.clock import Clock
from core.errors import DomainError, Forbidden
from core.logs import get_logger
from server.flows.auditing import actor_of
from storage.db import Database

log = get_logger(__name__)


async def record_refusal(
    database: Database, error: DomainError, principal: Principal | None, place: str, *, clock: Clock
) -> None:
    """Records a forbidden act of somebody known, or a failed sign-in to an account that exists; nothing else.

    A log that cannot be written does not turn the refusal into something else.
    """
    try:
        if isinstance(error, Forbidden) and principal is not None:
            async with database.write(principal.tenant_id) as session:
                subject = Subject("route", place)
                await record_audit(
                    session, actor_of(principal), "access.refused", subject, clock=clock, code=error.code
                )
        if isinstance(error, WrongCredentials):
            for tenant_id, user_id in error.accounts:
                async with database.write(tenant_id) as session:
                    subject = Subject("user", user_id)
                    await record_audit(
                        session, Actor("unknown"), "sign_in.refused", subject, clock=clock, code=error.code
                    )
    except (SQLAlchemyError, OSError) as failure:
        log.error("audit_not_written", reason=type(failure).__name__, code=error.code)
