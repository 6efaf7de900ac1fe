"""Figures for the overview page."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query

from analytics.overview import Period, overview
from server.deps import AgentDep, ServicesDep
from server.routes import PROBLEMS
from server.schemas import OverviewOut

router = APIRouter(prefix="/api/v1/stats", tags=["stats"], responses=PROBLEMS)
_ZONE = ZoneInfo("Asia/Shanghai")


@router.get("/overview")
async def read_overview(
    agent: AgentDep, services: ServicesDep, days: Annotated[int, Query(ge=1, le=92)] = 30
) -> OverviewOut:
    """最近若干天的会话量、机器人解决率、转人工与热门问题。"""
    period = Period.last(days, clock=services.clock, zone=_ZONE)
    async with services.database.read(agent.tenant_id) as session:
        return OverviewOut.model_validate(await overview(session, period))
