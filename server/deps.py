"""What routes ask for: the services, and the principal whom the policy table let in."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param

from accounts.principals import AgentPrincipal, Principal
from accounts.tokens import resolve_token
from core.errors import Unauthenticated
from server.policy import POLICY
from server.services import Services

_BEARER = HTTPBearer(auto_error=False, description="access_token 或 API 密钥（坐席）、token（客户）")


def get_services(request: Request) -> Services:
    """The process's services."""
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(get_services)]


def get_address(request: Request) -> str | None:
    """Where the request comes from: the other end, or what a trusted proxy says."""
    return request.client.host if request.client else None


AddressDep = Annotated[str | None, Depends(get_address)]


async def authorise(request: Request, services: ServicesDep) -> None:
    """Runs before every route: looks up its row in the policy table and who is asking."""
    rule = POLICY[request.method, request.scope["route"].path]
    if rule.is_public:
        return
    scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated
    principal = await resolve_token(services.database, token, clock=services.clock)
    request.state.principal = principal  # a refusal further in names who was refused
    rule.check(principal)


def get_principal(
    request: Request, described: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
) -> Principal:
    """Whoever was let in. (The bearer scheme is asked for only so that OpenAPI describes it.)"""
    principal: Principal = request.state.principal
    return principal


PrincipalDep = Annotated[Principal, Depends(get_principal)]


def get_agent(principal: PrincipalDep) -> AgentPrincipal:
    """A member; the policy row has kept contacts out."""
    assert isinstance(principal, AgentPrincipal), "the policy row of this route admits visitors"
    return principal


AgentDep = Annotated[AgentPrincipal, Depends(get_agent)]
