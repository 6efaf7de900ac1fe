"""Roles: the built-in ones and those that a tenant made; who holds a permission; who may give what to whom."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.errors import LastAdministrator, RoleInUse, RoleNameTaken, TooManyRoles, UnknownPermission, UnknownRole
from accounts.permissions import BUILT_IN, Permission, known_permissions
from accounts.principals import AgentPrincipal
from core.clock import Clock
from core.errors import Forbidden, NotFound
from core.events import Event, EventName
from core.ids import new_id
from storage.db import announce, tenant_of
from storage.models import CustomRole, Role, User

_MAX_ROLES: Final = 100


def permissions_of(role: str, custom: CustomRole | None) -> frozenset[Permission]:
    """What a member's role gives; a role that does not exist (any more) gives nothing."""
    if role in BUILT_IN:
        return BUILT_IN[Role(role)]
    return known_permissions(custom.permissions) if custom is not None else frozenset()


async def role_permissions(session: AsyncSession, role: str) -> frozenset[Permission]:
    """What a role of the session's tenant gives, for handing it out: a custom role is held until the commit.

    Raises:
        UnknownRole: neither built in nor one of this tenant's.
    """
    if role in BUILT_IN:
        return BUILT_IN[Role(role)]
    custom = await session.scalar(select(CustomRole).where(CustomRole.id == role).with_for_update())
    if custom is None:
        raise UnknownRole
    return known_permissions(custom.permissions)


async def roles_with(session: AsyncSession, permission: Permission) -> list[str]:
    """The values of `users.role` that give a permission in the session's tenant."""
    custom = await session.scalars(select(CustomRole))
    return [
        *(str(role) for role, given in BUILT_IN.items() if permission in given),
        *(role.id for role in custom if permission in known_permissions(role.permissions)),
    ]


def check_may_give(agent: AgentPrincipal, permissions: Iterable[Permission]) -> None:
    """Nobody hands out, or acts on somebody who holds, more than they hold themselves.

    Raises:
        Forbidden: something among them is not the agent's own.
    """
    if not agent.permissions.issuperset(permissions):
        raise Forbidden


def parse_permissions(names: Iterable[str]) -> frozenset[Permission]:
    """Permissions that somebody asked for by name.

    Raises:
        UnknownPermission: there is none of that name.
    """
    known = {str(permission) for permission in Permission}
    for name in names:
        if name not in known:
            raise UnknownPermission(name=name[:80])
    return known_permissions(names)


async def list_custom_roles(session: AsyncSession) -> list[CustomRole]:
    """The roles that this tenant made, oldest first."""
    return list(await session.scalars(select(CustomRole).order_by(CustomRole.created_at, CustomRole.id)))


async def create_role(
    session: AsyncSession, agent: AgentPrincipal, name: str, permissions: frozenset[Permission], *, clock: Clock
) -> CustomRole:
    """A new role.

    Raises:
        Forbidden: it would give more than its maker holds.
        RoleNameTaken: there is one of that name.
        TooManyRoles: a tenant has a hundred at most.
    """
    check_may_give(agent, permissions)
    if (await session.scalar(select(func.count()).select_from(CustomRole)) or 0) >= _MAX_ROLES:
        raise TooManyRoles(limit=_MAX_ROLES)
    await _check_name(session, name, except_id="")
    role = CustomRole(id=new_id(), name=name, permissions=_stored(permissions), created_at=clock.now())
    session.add(role)
    await session.flush()
    return role


async def change_role(
    session: AsyncSession,
    agent: AgentPrincipal,
    role_id: str,
    *,
    name: str | None,
    permissions: frozenset[Permission] | None,
) -> CustomRole:
    """Renames a role or changes what it gives; members who have it are affected at once.

    Raises:
        NotFound: no custom role of this tenant.
        Forbidden: it gives, or would give, more than the agent holds.
        RoleNameTaken: there is another of that name.
        LastAdministrator: nobody would be left to manage members.
    """
    role = await _lock_role(session, role_id)
    check_may_give(agent, known_permissions(role.permissions))
    if name is not None:
        await _check_name(session, name, except_id=role.id)
        role.name = name
    if permissions is not None:
        check_may_give(agent, permissions)
        lost_management = Permission.MEMBER_MANAGE in known_permissions(role.permissions) - permissions
        role.permissions = _stored(permissions)
        await session.flush()
        if lost_management and not await somebody_manages(session):
            raise LastAdministrator
        for user_id in await session.scalars(select(User.id).where(User.role == role.id)):
            announce_access_changed(session, user_id)
    await session.flush()
    return role


async def delete_role(session: AsyncSession, agent: AgentPrincipal, role_id: str) -> None:
    """Removes a role that nobody has.

    Raises:
        NotFound: no custom role of this tenant.
        Forbidden: it gives more than the agent holds.
        RoleInUse: members have it.
    """
    role = await _lock_role(session, role_id)
    check_may_give(agent, known_permissions(role.permissions))
    holders = await session.scalar(select(func.count()).select_from(User).where(User.role == role.id))
    if holders:
        raise RoleInUse(members=holders)
    await session.delete(role)


def announce_access_changed(session: AsyncSession, user_id: str) -> None:
    """Live connections of a person reconnect, and come back with what they may do now."""
    announce(session, Event(EventName.ACCESS_CHANGED, tenant_of(session), subject_id=user_id))


async def somebody_manages(session: AsyncSession) -> bool:
    """Whether an active member may manage members; a tenant without one could not help itself."""
    managing = await roles_with(session, Permission.MEMBER_MANAGE)
    found = await session.scalar(select(User.id).where(User.is_active, User.role.in_(managing)).limit(1))
    return found is not None


async def _lock_role(session: AsyncSession, role_id: str) -> CustomRole:
    role: CustomRole | None = await session.scalar(select(CustomRole).where(CustomRole.id == role_id).with_for_update())
    if role is None:
        raise NotFound
    return role


async def _check_name(session: AsyncSession, name: str, *, except_id: str) -> None:
    taken = await session.scalar(select(CustomRole.id).where(CustomRole.name == name, CustomRole.id != except_id))
    if taken is not None or name in BUILT_IN:
        raise RoleNameTaken(name=name)


def _stored(permissions: frozenset[Permission]) -> list[str]:
    return sorted(str(permission) for permission in permissions)
