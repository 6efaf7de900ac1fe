"""Members: invited, changed, disabled, reset. Whoever does it holds at least what the other one holds."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.errors import EmailTaken, LastAdministrator
from accounts.links import INVITATION, RESET, Link, cancel_links, make_link, take_password_away
from accounts.permissions import Permission
from accounts.principals import AgentPrincipal
from accounts.roles import announce_access_changed, check_may_give, role_permissions, roles_with, somebody_manages
from accounts.second_factor import remove_second_factor
from accounts.sessions import end_sessions
from core.clock import Clock
from core.errors import NotFound
from core.ids import new_id
from storage.db import tenant_of
from storage.models import SecondFactor, Tenant, User


@dataclass(frozen=True, slots=True)
class Member:
    """A member, and whether they have a second factor."""

    user: User
    has_second_factor: bool

    @property
    def status(self) -> str:
        """`invited` until the first password is chosen, then `active` or `disabled`."""
        if self.user.is_active:
            return "active"
        return "disabled" if self.user.password_hash else "invited"


@dataclass(frozen=True, slots=True)
class MemberChange:
    """What to change; None leaves it as it is."""

    name: str | None = None
    role: str | None = None
    is_active: bool | None = None


async def list_members(session: AsyncSession) -> list[Member]:
    """Everybody of the tenant, oldest first."""
    with_factor = set(await session.scalars(select(SecondFactor.user_id).where(SecondFactor.confirmed_at.is_not(None))))
    users = await session.scalars(select(User).order_by(User.created_at, User.id))
    return [Member(user, user.id in with_factor) for user in users]


async def find_member(session: AsyncSession, user_id: str) -> User:
    """A member.

    Raises:
        NotFound: not of this tenant.
    """
    user = await session.get(User, user_id)
    if user is None:
        raise NotFound
    return user


async def invite(
    session: AsyncSession, agent: AgentPrincipal, *, email: str, name: str, role: str, clock: Clock
) -> tuple[User, Link]:
    """A new member, who can sign in once they have chosen a password by the link.

    Raises:
        UnknownRole, Forbidden: no such role, or one that gives more than the inviter holds.
        EmailTaken: a member has this address.
    """
    check_may_give(agent, await role_permissions(session, role))
    email = email.strip().lower()
    await _lock_membership(session)
    if await session.scalar(select(User.id).where(User.email == email)):
        raise EmailTaken(email=email)
    user = User(
        id=new_id(),
        tenant_id=tenant_of(session),
        email=email,
        name=name,
        role=role,
        password_hash="",
        password_changed_at=None,
        is_active=False,
        seen_at=None,
        created_at=clock.now(),
    )
    session.add(user)
    await session.flush()
    return user, await make_link(session, user, lifetime=INVITATION, made_by=agent.user_id, clock=clock)


async def change_member(
    session: AsyncSession, agent: AgentPrincipal, user_id: str, change: MemberChange, *, clock: Clock
) -> User:
    """Changes a member; a new role counts at once, a disabled member is out at once.

    Raises:
        NotFound, UnknownRole: no such member, no such role.
        Forbidden: the member holds, or would hold, more than the agent.
        LastAdministrator: nobody would be left to manage members.
    """
    await _lock_membership(session)
    user = await _may_act_on(session, agent, user_id)
    was_managing = user.is_active and user.role in await roles_with(session, Permission.MEMBER_MANAGE)
    if change.name is not None:
        user.name = change.name
    if change.role is not None and change.role != user.role:
        check_may_give(agent, await role_permissions(session, change.role))
        user.role = change.role
        announce_access_changed(session, user.id)
    if change.is_active is not None and user.password_hash:
        user.is_active = change.is_active
    if change.is_active is False:
        await cancel_links(session, user.id, clock=clock)
        await end_sessions(session, user.id, clock=clock)
    await session.flush()
    if was_managing and not await somebody_manages(session):
        raise LastAdministrator
    return user


async def reset_member(
    session: AsyncSession, agent: AgentPrincipal, user_id: str, *, with_second_factor: bool, clock: Clock
) -> Link:
    """A fresh link for somebody who lost a password, a device or an invitation. What they had stops working now.

    Raises:
        NotFound: no such member.
        Forbidden: the member holds more than the agent.
    """
    user = await _may_act_on(session, agent, user_id)
    await take_password_away(session, user, clock=clock)
    if with_second_factor:
        await remove_second_factor(session, user.id)
    lifetime = RESET if user.password_hash else INVITATION
    return await make_link(session, user, lifetime=lifetime, made_by=agent.user_id, clock=clock)


async def end_member_sessions(session: AsyncSession, agent: AgentPrincipal, user_id: str, *, clock: Clock) -> None:
    """Signs a member out everywhere; raises as reset_member."""
    user = await _may_act_on(session, agent, user_id)
    await end_sessions(session, user.id, clock=clock)


async def _may_act_on(session: AsyncSession, agent: AgentPrincipal, user_id: str) -> User:
    user = await find_member(session, user_id)
    check_may_give(agent, await role_permissions(session, user.role))
    return user


async def _lock_membership(session: AsyncSession) -> None:
    """Changes of who is a member and who manages go one after the other."""
    await session.get_one(Tenant, tenant_of(session), with_for_update=True)
