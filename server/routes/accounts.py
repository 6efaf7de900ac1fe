"""Signing in and out, who am I, who is at the desk."""

from datetime import timedelta

from fastapi import APIRouter, Request, status
from sqlalchemy import func, select

from accounts.permissions import Permission
from accounts.presence import choose_presence, observed_presence
from accounts.roles import roles_with
from accounts.second_factor import has_second_factor
from accounts.sign_in import Credentials, sign_in
from accounts.tokens import Origin, revoke_agent_token
from server.deps import AddressDep, AgentDep, ServicesDep
from server.limiter import Rate
from server.routes import PROBLEMS
from server.schemas import (
    AgentOut,
    AgentsOut,
    CannedRepliesOut,
    CannedReplyOut,
    MeOut,
    PresenceBody,
    SignedInOut,
    SignInBody,
    TenantOut,
    UserOut,
)
from storage.models import CannedReply, Conversation, ConversationStatus, Presence, Tenant, User

router = APIRouter(prefix="/api/v1", tags=["accounts"], responses=PROBLEMS)


def _user_out(user: User) -> UserOut:
    return UserOut(id=user.id, name=user.name, email=user.email, role=str(user.role))


@router.post("/auth/token")
async def create_token(body: SignInBody, request: Request, services: ServicesDep, address: AddressDep) -> SignedInOut:
    """登录，换取访问令牌；启用两步验证的人另给 code。"""
    await services.limiter.check(address, (Rate.SIGN_IN_BY_ADDRESS, address or ""))
    signed_in = await sign_in(
        services.database,
        services.vault,
        Credentials(body.email, body.password, body.tenant, body.code, body.new_password),
        Origin(address or "", request.headers.get("user-agent", "")),
        clock=services.clock,
        lifetime=timedelta(hours=services.settings.session_hours),
        demo_mode=services.settings.demo,
    )
    return SignedInOut(
        access_token=signed_in.token,
        expires_in=int(signed_in.lifetime.total_seconds()),
        user=_user_out(signed_in.user),
    )


@router.delete("/auth/token", status_code=status.HTTP_204_NO_CONTENT)
async def revoke_token(agent: AgentDep, services: ServicesDep) -> None:
    """退出登录，令牌立即失效。"""
    async with services.database.write(agent.tenant_id) as session:
        await revoke_agent_token(session, agent, clock=services.clock)


@router.get("/me")
async def read_me(agent: AgentDep, services: ServicesDep) -> MeOut:
    """当前登录的人。"""
    async with services.database.read(agent.tenant_id) as session:
        tenant = await session.get_one(Tenant, agent.tenant_id)
        user = await session.get_one(User, agent.user_id)
        has_factor = await has_second_factor(session, user.id)
    return MeOut(
        user=_user_out(user),
        tenant=TenantOut(id=tenant.id, name=tenant.name, slug=tenant.slug),
        presence=str(user.presence),
        permissions=sorted(str(permission) for permission in agent.permissions),
        has_second_factor=has_factor,
    )


@router.put("/me/presence")
async def update_presence(body: PresenceBody, agent: AgentDep, services: ServicesDep) -> MeOut:
    """切换在线、忙碌、离开。"""
    async with services.database.write(agent.tenant_id) as session:
        await choose_presence(session, agent.user_id, Presence(body.presence), clock=services.clock)
    return await read_me(agent, services)


@router.get("/agents")
async def list_agents(agent: AgentDep, services: ServicesDep) -> AgentsOut:
    """同事与他们的状态。"""
    now = services.clock.now()
    async with services.database.read(agent.tenant_id) as session:
        desk = await roles_with(session, Permission.CONVERSATION_REPLY)
        users = list(
            await session.scalars(
                select(User).where(User.is_active, User.role.in_(desk)).order_by(User.created_at, User.id)
            )
        )
        open_rows = await session.execute(
            select(Conversation.assignee_id, func.count())
            .where(Conversation.status == ConversationStatus.ASSIGNED)
            .group_by(Conversation.assignee_id)
        )
        open_by_user = dict(open_rows.all())
    return AgentsOut(
        items=[
            AgentOut(
                id=user.id,
                name=user.name,
                role=str(user.role),
                presence=str(observed_presence(user, now=now)),
                open_conversations=open_by_user.get(user.id, 0),
            )
            for user in users
        ]
    )


@router.get("/canned-replies")
async def list_canned_replies(agent: AgentDep, services: ServicesDep) -> CannedRepliesOut:
    """快捷回复。"""
    async with services.database.read(agent.tenant_id) as session:
        rows = await session.scalars(select(CannedReply).order_by(CannedReply.category, CannedReply.shortcut))
        items = [
            CannedReplyOut(id=row.id, title=row.title, text=row.text, category=row.category, shortcut=row.shortcut)
            for row in rows
        ]
    return CannedRepliesOut(items=items)
