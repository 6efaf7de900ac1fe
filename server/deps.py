"""What routes ask for: the services, the principal, a permission."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from accounts.principals import AgentPrincipal, Principal, VisitorPrincipal
from accounts.tokens import resolve_token
from core.errors import Forbidden, Unauthenticated
from server.services import Services
from storage.models import Role

_BEARER = HTTPBearer(auto_error=False, description="access_token（坐席）或 token（客户）")


def get_services(request: Request) -> Services:
    """The process's services."""
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(get_services)]


def get_address(request: Request) -> str | None:
    """Where the request comes from: the other end, or what a trusted proxy says."""
    return request.client.host if request.client else None


AddressDep = Annotated[str | None, Depends(get_address)]


async def get_principal(
    request: Request,
    services: ServicesDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> Principal:
    """Whoever the bearer token belongs to."""
    if credentials is None:
        raise Unauthenticated
    principal = await resolve_token(services.database, credentials.credentials, clock=services.clock)
    request.state.principal = principal  # a refusal further in names who was refused
    return principal


PrincipalDep = Annotated[Principal, Depends(get_principal)]


def get_agent(principal: PrincipalDep) -> AgentPrincipal:
    """A signed-in person; contacts are refused."""
    if isinstance(principal, VisitorPrincipal):
        raise Forbidden
    return principal


AgentDep = Annotated[AgentPrincipal, Depends(get_agent)]


def get_desk_agent(agent: AgentDep) -> AgentPrincipal:
    """A person who may talk to customers."""
    if not agent.may_reply:
        raise Forbidden
    return agent


DeskAgentDep = Annotated[AgentPrincipal, Depends(get_desk_agent)]


def get_admin(agent: AgentDep) -> AgentPrincipal:
    """A person who runs the tenant."""
    if agent.role is not Role.ADMIN:
        raise Forbidden
    return agent


AdminDep = Annotated[AgentPrincipal, Depends(get_admin)]
