"""Tenants: setting up the first, making more, and the security rules that one chooses."""

from fastapi import APIRouter, status

from accounts.founding import NewTenant, found_tenant_by_invitation, list_tenants, set_up
from accounts.service import TenantSettings
from audit.record import Subject
from server.deps import AgentDep, ServicesDep
from server.flows.auditing import note
from server.routes import PROBLEMS
from server.routes.members import link_out
from server.schemas import TenantOut, UserOut
from server.schemas_access import (
    FoundedOut,
    SecurityBody,
    SecurityOut,
    SetupBody,
    SetupOut,
    TenantBody,
    TenantsOut,
)
from storage.models import Tenant

router = APIRouter(prefix="/api/v1", tags=["tenants"], responses=PROBLEMS)


def _tenant_out(tenant: Tenant) -> TenantOut:
    return TenantOut(id=tenant.id, name=tenant.name, slug=tenant.slug)


@router.post("/setup", status_code=status.HTTP_201_CREATED)
async def first_setup(body: SetupBody, services: ServicesDep) -> SetupOut:
    """凭启动时打印的令牌，建立第一个租户和平台管理员。只能用一次。"""
    wanted = NewTenant(body.tenant.slug, body.tenant.name, body.admin.email, body.admin.name)
    founded = await set_up(services.database, body.token, wanted, password=body.admin.password, clock=services.clock)
    admin = founded.admin
    return SetupOut(
        tenant=_tenant_out(founded.tenant),
        site_key=founded.site_key,
        user=UserOut(id=admin.id, name=admin.name, email=admin.email, role=str(admin.role)),
    )


@router.get("/platform/tenants")
async def read_tenants(agent: AgentDep, services: ServicesDep) -> TenantsOut:
    """本安装上的全部租户。"""
    return TenantsOut(items=[_tenant_out(tenant) for tenant in await list_tenants(services.database)])


@router.post("/platform/tenants", status_code=status.HTTP_201_CREATED)
async def add_tenant(body: TenantBody, agent: AgentDep, services: ServicesDep) -> FoundedOut:
    """新建租户，邀请它的管理员。"""
    wanted = NewTenant(body.tenant.slug, body.tenant.name, body.admin.email, body.admin.name)
    founded, link = await found_tenant_by_invitation(
        services.database, wanted, invited_by=agent.user_id, clock=services.clock
    )
    return FoundedOut(tenant=_tenant_out(founded.tenant), site_key=founded.site_key, link=link_out(link))


@router.get("/tenant/security")
async def read_security(agent: AgentDep, services: ServicesDep) -> SecurityOut:
    """本租户的密码规则。"""
    async with services.database.read(agent.tenant_id) as session:
        tenant = await session.get_one(Tenant, agent.tenant_id)
    return SecurityOut(password_rules=TenantSettings.of(tenant).password_rules)


@router.put("/tenant/security")
async def update_security(body: SecurityBody, agent: AgentDep, services: ServicesDep) -> SecurityOut:
    """选择密码规则：nist 或 dengbao（等保）。"""
    async with services.database.write(agent.tenant_id) as session:
        tenant = await session.get_one(Tenant, agent.tenant_id, with_for_update=True)
        tenant.settings = {**tenant.settings, "password_rules": str(body.password_rules)}
        await note(
            session,
            agent,
            "security.changed",
            Subject("tenant", tenant.id),
            clock=services.clock,
            password_rules=str(body.password_rules),
        )
    return SecurityOut(password_rules=body.password_rules)
