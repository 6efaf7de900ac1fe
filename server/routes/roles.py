"""Roles: what there is to give, the built-in ones, and those that a tenant makes."""

from fastapi import APIRouter, status

from accounts.permissions import BUILT_IN, Permission
from accounts.roles import change_role, create_role, delete_role, list_custom_roles, parse_permissions
from audit.record import Subject
from server.deps import AgentDep, ServicesDep
from server.flows.auditing import note
from server.routes import PROBLEMS
from server.schemas import PermissionsOut, RoleBody, RoleChangeBody, RoleOut, RolesOut
from storage.models import CustomRole

router = APIRouter(prefix="/api/v1", tags=["roles"], responses=PROBLEMS)


def _role_out(role: CustomRole) -> RoleOut:
    return RoleOut(id=role.id, name=role.name, permissions=role.permissions, is_built_in=False)


@router.get("/permissions")
async def list_permissions(agent: AgentDep) -> PermissionsOut:
    """全部权限名。"""
    return PermissionsOut(items=[str(permission) for permission in Permission])


@router.get("/roles")
async def list_roles(agent: AgentDep, services: ServicesDep) -> RolesOut:
    """内置角色与自定义角色。"""
    built_in = [
        RoleOut(id=str(role), name=str(role), permissions=sorted(map(str, permissions)), is_built_in=True)
        for role, permissions in BUILT_IN.items()
    ]
    async with services.database.read(agent.tenant_id) as session:
        return RolesOut(items=[*built_in, *map(_role_out, await list_custom_roles(session))])


@router.post("/roles", status_code=status.HTTP_201_CREATED)
async def add_role(body: RoleBody, agent: AgentDep, services: ServicesDep) -> RoleOut:
    """新建角色；不能给出自己没有的权限。"""
    permissions = parse_permissions(body.permissions)
    async with services.database.write(agent.tenant_id) as session:
        role = await create_role(session, agent, body.name, permissions, clock=services.clock)
        await note(
            session,
            agent,
            "role.created",
            Subject("role", role.id),
            clock=services.clock,
            permissions=len(role.permissions),
        )
    return _role_out(role)


@router.patch("/roles/{role_id}")
async def edit_role(role_id: str, body: RoleChangeBody, agent: AgentDep, services: ServicesDep) -> RoleOut:
    """改名或改权限；使用它的成员立即生效。"""
    permissions = None if body.permissions is None else parse_permissions(body.permissions)
    async with services.database.write(agent.tenant_id) as session:
        role = await change_role(session, agent, role_id, name=body.name, permissions=permissions)
        await note(
            session,
            agent,
            "role.changed",
            Subject("role", role.id),
            clock=services.clock,
            permissions=len(role.permissions),
        )
    return _role_out(role)


@router.delete("/roles/{role_id}", status_code=status.HTTP_204_NO_CONTENT)
async def remove_role(role_id: str, agent: AgentDep, services: ServicesDep) -> None:
    """删除没有人使用的角色。"""
    async with services.database.write(agent.tenant_id) as session:
        await delete_role(session, agent, role_id)
        await note(session, agent, "role.deleted", Subject("role", role_id), clock=services.clock)
