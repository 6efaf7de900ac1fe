"""API keys."""

from datetime import timedelta

from fastapi import APIRouter, status

from accounts.api_keys import create_api_key, list_api_keys, revoke_api_key
from accounts.roles import parse_permissions
from audit.record import Subject
from inbox.wire import wire_time
from server.deps import AgentDep, ServicesDep
from server.flows.auditing import note
from server.routes import PROBLEMS
from server.schemas_access import ApiKeyBody, ApiKeyOut, ApiKeysOut, NewApiKeyOut
from storage.models import ApiKey

router = APIRouter(prefix="/api/v1/api-keys", tags=["api keys"], responses=PROBLEMS)


def _key_out(row: ApiKey, member_id: str, member_name: str) -> ApiKeyOut:
    return ApiKeyOut(
        id=row.id,
        name=row.name,
        scopes=row.scopes,
        member={"id": member_id, "name": member_name},
        created_at=wire_time(row.created_at),
        expires_at=wire_time(row.expires_at),
        last_used_at=wire_time(row.last_used_at) if row.last_used_at else None,
    )


@router.get("")
async def read_api_keys(agent: AgentDep, services: ServicesDep) -> ApiKeysOut:
    """未撤销的密钥；看不到密钥本身。"""
    async with services.database.read(agent.tenant_id) as session:
        return ApiKeysOut(items=[_key_out(key, user.id, user.name) for key, user in await list_api_keys(session)])


@router.post("", status_code=status.HTTP_201_CREATED)
async def add_api_key(body: ApiKeyBody, agent: AgentDep, services: ServicesDep) -> NewApiKeyOut:
    """新建密钥；范围不能超出自己的权限。"""
    scopes = parse_permissions(body.scopes)
    async with services.database.write(agent.tenant_id) as session:
        made = await create_api_key(
            session, agent, name=body.name, scopes=scopes, lifetime=timedelta(days=body.days), clock=services.clock
        )
        await note(
            session,
            agent,
            "api_key.created",
            Subject("api_key", made.row.id),
            clock=services.clock,
            scopes=len(made.row.scopes),
            days=body.days,
        )
    shown = _key_out(made.row, agent.user_id, agent.name)
    return NewApiKeyOut(**shown.model_dump(), token=made.token)


@router.delete("/{key_id}", status_code=status.HTTP_204_NO_CONTENT)
async def remove_api_key(key_id: str, agent: AgentDep, services: ServicesDep) -> None:
    """撤销密钥，立即失效。"""
    async with services.database.write(agent.tenant_id) as session:
        await revoke_api_key(session, key_id, clock=services.clock)
        await note(session, agent, "api_key.revoked", Subject("api_key", key_id), clock=services.clock)
