"""For machines: alive, ready, metrics; and what anybody may know about this installation."""

from fastapi import APIRouter, Response, status
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from accounts.passwords import DEMO_PASSWORD
from server.deps import ServicesDep
from server.version import VERSION
from storage.models import Tenant

router = APIRouter(tags=["operation"])

DEMO_ACCOUNTS = ["agent@demo.local", "agent2@demo.local", "editor@demo.local", "admin@demo.local"]


class PublicInfoOut(BaseModel):
    name: str = "应答 Yingda"
    version: str
    demo: bool
    demo_accounts: list[str] = []
    demo_password: str | None = None


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """进程活着。"""
    return {"status": "ok"}


@router.get("/readyz")
async def ready(services: ServicesDep, response: Response) -> dict[str, str]:
    """可以接流量：数据库可达，且没有在停机。"""
    if services.is_draining:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
        return {"status": "draining"}
    try:
        async with services.database.platform_read() as session:
            await session.scalar(select(Tenant.id).limit(1))
    except (SQLAlchemyError, OSError):
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
        return {"status": "database_unreachable"}
    return {"status": "ready"}


@router.get("/metrics", include_in_schema=False)
async def metrics() -> Response:
    """Prometheus 指标。"""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@router.get("/api/v1/public/info")
async def public_info(services: ServicesDep) -> PublicInfoOut:
    """登录前可见的信息；演示账号只在演示模式下给出。"""
    if not services.settings.demo:
        return PublicInfoOut(version=VERSION, demo=False)
    return PublicInfoOut(version=VERSION, demo=True, demo_accounts=DEMO_ACCOUNTS, demo_password=DEMO_PASSWORD)
