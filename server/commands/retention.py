"""`yingda retention`: removes what is past its time, or only counts it."""

import asyncio

from core.clock import SystemClock
from core.settings import Settings
from privacy.retention import Expired, RetentionRules, apply_retention, count_expired
from server.commands.kb import require_tenant
from server.database import open_database
from storage.tenants import all_tenants


def run_retention(settings: Settings, tenant_slug: str | None, *, dry_run: bool) -> dict[str, Expired]:
    """What was removed (or, rehearsing, would be) by tenant."""
    return asyncio.run(_run(settings, tenant_slug, dry_run=dry_run))


async def _run(settings: Settings, tenant_slug: str | None, *, dry_run: bool) -> dict[str, Expired]:
    clock, database = SystemClock(), open_database(settings)
    results: dict[str, Expired] = {}
    try:
        for tenant in [await require_tenant(database, tenant_slug)] if tenant_slug else await all_tenants(database):
            rules = RetentionRules.of(tenant)
            if dry_run:
                async with database.read(tenant.id) as session:
                    results[tenant.slug] = await count_expired(session, rules, now=clock.now())
            else:
                async with database.write(tenant.id) as session:
                    results[tenant.slug] = await apply_retention(session, rules, clock=clock)
    finally:
        await database.close()
    return results
