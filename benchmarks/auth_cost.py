"""What authentication and authorisation add to a request: `python -m benchmarks.auth_cost [--requests 2000]`.

The real application and database, called in-process so that no network is measured. Prints one line of JSON,
milliseconds: `request` is a whole `GET /api/v1/canned-replies`; `added` is what `server.deps.authorise` does in it (the
token looked up in the database, the policy row checked), timed right after it; `policy` is the permission check alone.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import httpx2

from accounts.permissions import BUILT_IN
from accounts.principals import AgentPrincipal
from accounts.service import create_tenant, create_user
from accounts.tokens import issue_agent_token, resolve_token
from core.clock import SystemClock
from core.settings import Settings
from server.app import create_app
from server.policy import POLICY
from server.services import Services
from storage.migrate import upgrade_to_head
from storage.models import Role

ROUTE = ("GET", "/api/v1/canned-replies")


async def measure(requests: int, folder: Path, database_url: str) -> dict[str, object]:
    """Medians and percentiles of many requests, one after the other."""
    settings = Settings(data_dir=folder, database_url=database_url, _env_file=None)
    services, clock = Services.build(settings), SystemClock()
    await upgrade_to_head(services.database)
    slug = f"bench-{time.time_ns()}"
    tenant = await create_tenant(services.database, slug=slug, name="基准", settings={}, clock=clock)
    async with services.database.write(tenant.id) as session:
        email = f"agent@{slug}.example"
        user = await create_user(
            session, email=email, name="坐席", role=Role.AGENT, password="correct horse battery", clock=clock
        )
        token = issue_agent_token(session, user, clock=clock, lifetime=timedelta(hours=1))
    app = create_app(services=services)
    rule, whole, added, policy = POLICY[ROUTE], [], [], []
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://bench") as client:
        for number in range(requests + 100):
            started = time.perf_counter()
            answer = await client.get(ROUTE[1], headers=headers)
            between = time.perf_counter()
            principal = await resolve_token(services.database, token, clock=clock)
            resolved = time.perf_counter()
            rule.check(principal)
            ended = time.perf_counter()
            assert answer.status_code == 200, answer.text
            if number >= 100:
                whole.append((between - started) * 1000)
                added.append((ended - between) * 1000)
                policy.append((ended - resolved) * 1000)
    assert isinstance(principal, AgentPrincipal)
    assert principal.permissions == BUILT_IN[Role.AGENT]
    await services.database.close()
    kind = "sqlite" if services.database.is_sqlite else "postgresql"
    return {"database": kind, "requests": requests, "request_ms": spread(whole), "added_ms": spread(added),
            "policy_ms": spread(policy)}  # fmt: skip


def spread(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=100)
    return {"p50": round(cuts[49], 4), "p95": round(cuts[94], 4), "p99": round(cuts[98], 4)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--database-url", default="", help="默认用临时目录里的 SQLite")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(measure(options.requests, Path(folder), options.database_url))))


if __name__ == "__main__":
    main()
