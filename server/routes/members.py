"""Members and their sessions, for administrators; and the link by which a member chooses a password."""

from fastapi import APIRouter, status

from accounts.links import Link, use_link
from accounts.members import (
    Member,
    MemberChange,
    change_member,
    end_member_sessions,
    find_member,
    invite,
    list_members,
    reset_member,
)
from accounts.second_factor import has_second_factor
from accounts.sessions import list_sessions
from audit.record import Subject
from inbox.wire import wire_time
from server.deps import AgentDep, ServicesDep
from server.flows.auditing import note
from server.routes import PROBLEMS
from server.routes.me import sessions_out
from server.schemas_access import (
    InvitationBody,
    InvitedOut,
    LinkBody,
    LinkOut,
    MemberChangeBody,
    MemberOut,
    MembersOut,
    ResetBody,
    SessionsOut,
)

router = APIRouter(prefix="/api/v1", tags=["members"], responses=PROBLEMS)


def _member_out(member: Member) -> MemberOut:
    user = member.user
    return MemberOut(
        id=user.id,
        email=user.email,
        name=user.name,
        role=str(user.role),
        status=member.status,
        has_second_factor=member.has_second_factor,
        created_at=wire_time(user.created_at),
    )


def link_out(link: Link) -> LinkOut:
    """A fresh link as the one who made it sees it."""
    return LinkOut(token=link.token, expires_at=wire_time(link.expires_at))


@router.get("/members")
async def read_members(agent: AgentDep, services: ServicesDep) -> MembersOut:
    """全部成员。"""
    async with services.database.read(agent.tenant_id) as session:
        return MembersOut(items=[_member_out(member) for member in await list_members(session)])


@router.post("/members", status_code=status.HTTP_201_CREATED)
async def invite_member(body: InvitationBody, agent: AgentDep, services: ServicesDep) -> InvitedOut:
    """邀请成员；把一次性链接交给对方设置密码。"""
    async with services.database.write(agent.tenant_id) as session:
        user, link = await invite(
            session, agent, email=body.email, name=body.name, role=body.role, clock=services.clock
        )
        await note(
            session, agent, "member.invited", Subject("user", user.id), clock=services.clock, role=str(user.role)
        )
    return InvitedOut(member=_member_out(Member(user, has_second_factor=False)), link=link_out(link))


@router.patch("/members/{member_id}")
async def edit_member(member_id: str, body: MemberChangeBody, agent: AgentDep, services: ServicesDep) -> MemberOut:
    """改名、换角色、停用或启用；立即生效。"""
    change = MemberChange(body.name, body.role, body.is_active)
    async with services.database.write(agent.tenant_id) as session:
        user = await change_member(session, agent, member_id, change, clock=services.clock)
        shown = _member_out(Member(user, await has_second_factor(session, user.id)))
        changed = {"role": shown.role, "status": shown.status}
        await note(session, agent, "member.changed", Subject("user", user.id), clock=services.clock, **changed)
    return shown


@router.post("/members/{member_id}/reset")
async def reset(member_id: str, body: ResetBody, agent: AgentDep, services: ServicesDep) -> LinkOut:
    """重设：原密码与会话立即失效，返回设置新密码的一次性链接。"""
    async with services.database.write(agent.tenant_id) as session:
        link = await reset_member(
            session, agent, member_id, with_second_factor=body.second_factor, clock=services.clock
        )
        await note(
            session,
            agent,
            "member.reset",
            Subject("user", member_id),
            clock=services.clock,
            second_factor=body.second_factor,
        )
    return link_out(link)


@router.get("/members/{member_id}/sessions")
async def read_member_sessions(member_id: str, agent: AgentDep, services: ServicesDep) -> SessionsOut:
    """成员的登录会话。"""
    async with services.database.read(agent.tenant_id) as session:
        user = await find_member(session, member_id)
        return sessions_out(await list_sessions(session, user.id, clock=services.clock), agent)


@router.delete("/members/{member_id}/sessions", status_code=status.HTTP_204_NO_CONTENT)
async def sign_member_out(member_id: str, agent: AgentDep, services: ServicesDep) -> None:
    """让成员在所有设备上退出。"""
    async with services.database.write(agent.tenant_id) as session:
        await end_member_sessions(session, agent, member_id, clock=services.clock)
        await note(session, agent, "member.signed_out", Subject("user", member_id), clock=services.clock)


@router.post("/auth/links", status_code=status.HTTP_204_NO_CONTENT)
async def choose_password(body: LinkBody, services: ServicesDep) -> None:
    """凭邀请或重设链接设置密码；之后照常登录。"""
    await use_link(services.database, body.token, body.password, clock=services.clock)
