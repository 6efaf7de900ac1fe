"""The audit log for administrators: searched a page at a time, or taken out whole."""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel

from audit.browse import AuditFilter, all_audit, browse_audit
from audit.chain import Fact
from audit.record import Subject, record_audit
from inbox.wire import wire_time
from server.deps import AgentDep, ServicesDep
from server.flows.auditing import actor_of
from server.routes import PROBLEMS
from storage.models import AuditEntry

router = APIRouter(prefix="/api/v1/audit", tags=["audit"], responses=PROBLEMS)

JSON_LINES: Final = "application/x-ndjson"


class AuditActorOut(BaseModel):
    kind: str
    id: str | None


class AuditEntryOut(BaseModel):
    """一条审计记录；hash 与 mac 供离线核对。"""

    seq: int
    at: str
    actor: AuditActorOut
    action: str
    object: AuditActorOut
    details: dict[str, Fact]
    hash: str
    mac: str


class AuditOut(BaseModel):
    items: list[AuditEntryOut]
    next_cursor: str | None


def wanted_entries(
    actor_id: Annotated[str | None, Query(max_length=64)] = None,
    action: Annotated[str | None, Query(max_length=64)] = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> AuditFilter:
    """谁、做了什么、什么时候。"""
    return AuditFilter(actor_id, action, since, until)


Wanted = Annotated[AuditFilter, Depends(wanted_entries)]


@router.get("")
async def list_audit(
    admin: AgentDep,
    services: ServicesDep,
    wanted: Wanted,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> AuditOut:
    """审计记录，最新的在前。"""
    async with services.database.read(admin.tenant_id) as session:
        rows = await browse_audit(session, wanted, limit=limit + 1, before_seq=cursor)
    page = rows[:limit]
    return AuditOut(
        items=[_entry_out(row) for row in page], next_cursor=str(page[-1].seq) if len(rows) > limit else None
    )


@router.get("/export", response_class=StreamingResponse)
async def export_audit(admin: AgentDep, services: ServicesDep, wanted: Wanted) -> StreamingResponse:
    """导出为 JSON Lines，最早的在前；导出本身也记一条。"""
    async with services.database.write(admin.tenant_id) as session:
        await record_audit(session, actor_of(admin), "audit.exported", Subject("audit"), clock=services.clock)

    async def lines() -> AsyncIterator[str]:
        async with services.database.read(admin.tenant_id) as session:
            async for entry in all_audit(session, wanted):
                yield json.dumps(_entry_out(entry).model_dump(), ensure_ascii=False) + "\n"

    headers = {"Content-Disposition": "attachment; filename=audit.jsonl"}
    return StreamingResponse(lines(), media_type=JSON_LINES, headers=headers)


def _entry_out(entry: AuditEntry) -> AuditEntryOut:
    return AuditEntryOut(
        seq=entry.seq,
        at=wire_time(entry.at),
        actor=AuditActorOut(kind=entry.actor_kind, id=entry.actor_id),
        action=entry.action,
        object=AuditActorOut(kind=entry.object_kind, id=entry.object_id),
        details=entry.details,
        hash=entry.hash,
        mac=entry.mac,
    )
