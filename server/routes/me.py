"""About oneself: sessions, password, second factor. API keys have no business here."""

from fastapi import APIRouter, status

from accounts.credentials import check_acceptable, check_own_password, set_password
from accounts.principals import AgentPrincipal
from accounts.second_factor import confirm_enrolment, remove_second_factor, start_enrolment
from accounts.sessions import end_session, end_sessions, list_sessions
from audit.record import Subject
from inbox.wire import wire_time
from server.deps import AgentDep, ServicesDep
from server.flows.auditing import note
from server.routes import PROBLEMS
from server.schemas_access import (
    CodeBody,
    EnrolmentOut,
    OwnPasswordBody,
    PasswordBody,
    RecoveryCodesOut,
    SessionOut,
    SessionsOut,
)
from server.services import Services
from storage.models import AccessToken, User

router = APIRouter(prefix="/api/v1/me", tags=["me"], responses=PROBLEMS)


def sessions_out(rows: list[AccessToken], agent: AgentPrincipal) -> SessionsOut:
    """Sessions as they are listed; the caller's own is marked."""
    return SessionsOut(
        items=[
            SessionOut(
                id=row.id,
                client=row.client,
                address=row.address,
                created_at=wire_time(row.created_at),
                expires_at=wire_time(row.expires_at),
                is_current=row.id == agent.token_id,
            )
            for row in rows
        ]
    )


async def _prove_password(services: Services, agent: AgentPrincipal, password: str) -> None:
    async with services.database.read(agent.tenant_id) as session:
        user = await session.get_one(User, agent.user_id)
    await check_own_password(services.database, user, password, clock=services.clock)


@router.get("/sessions")
async def read_sessions(agent: AgentDep, services: ServicesDep) -> SessionsOut:
    """自己的登录会话。"""
    async with services.database.read(agent.tenant_id) as session:
        return sessions_out(await list_sessions(session, agent.user_id, clock=services.clock), agent)


@router.delete("/sessions", status_code=status.HTTP_204_NO_CONTENT)
async def end_others(agent: AgentDep, services: ServicesDep) -> None:
    """退出其它所有会话。"""
    async with services.database.write(agent.tenant_id) as session:
        await end_sessions(session, agent.user_id, clock=services.clock, except_id=agent.token_id)


@router.delete("/sessions/{session_id}", status_code=status.HTTP_204_NO_CONTENT)
async def end_one(session_id: str, agent: AgentDep, services: ServicesDep) -> None:
    """退出一个会话。"""
    async with services.database.write(agent.tenant_id) as session:
        await end_session(session, agent.user_id, session_id, clock=services.clock)


@router.put("/password", status_code=status.HTTP_204_NO_CONTENT)
async def change_password(body: OwnPasswordBody, agent: AgentDep, services: ServicesDep) -> None:
    """修改密码；其它会话立即退出。"""
    await _prove_password(services, agent, body.current_password)
    async with services.database.write(agent.tenant_id) as session:
        user = await session.get_one(User, agent.user_id, with_for_update=True)
        await set_password(session, user, body.new_password, clock=services.clock)
        await end_sessions(session, user.id, clock=services.clock, except_id=agent.token_id)
        await note(session, agent, "password.changed", Subject("user", user.id), clock=services.clock)


@router.post("/second-factor")
async def enrol(body: PasswordBody, agent: AgentDep, services: ServicesDep) -> EnrolmentOut:
    """开始设置两步验证；用验证器上的数字确认后才生效。"""
    await _prove_password(services, agent, body.password)
    async with services.database.write(agent.tenant_id) as session:
        enrolment = await start_enrolment(session, agent.user_id, agent.email, services.vault, clock=services.clock)
    return EnrolmentOut(secret=enrolment.secret, uri=enrolment.uri)


@router.post("/second-factor/confirm")
async def confirm(body: CodeBody, agent: AgentDep, services: ServicesDep) -> RecoveryCodesOut:
    """启用两步验证，得到恢复码。"""
    async with services.database.write(agent.tenant_id) as session:
        codes = await confirm_enrolment(session, agent.user_id, body.code, services.vault, clock=services.clock)
        await note(session, agent, "second_factor.enabled", Subject("user", agent.user_id), clock=services.clock)
    return RecoveryCodesOut(recovery_codes=codes)


@router.post("/second-factor/remove", status_code=status.HTTP_204_NO_CONTENT)
async def remove(body: PasswordBody, agent: AgentDep, services: ServicesDep) -> None:
    """关闭两步验证；密码须够长，单独也能保护账号。"""
    await _prove_password(services, agent, body.password)
    async with services.database.write(agent.tenant_id) as session:
        user = await session.get_one(User, agent.user_id)
        await check_acceptable(session, user, body.password, has_factor=False)
        await remove_second_factor(session, user.id)
        await note(session, agent, "second_factor.removed", Subject("user", user.id), clock=services.clock)
