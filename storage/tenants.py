"""Which tenants there are, for work that the installation does for each of them."""

from sqlalchemy import select

from storage.db import Database
from storage.models import Tenant


async def all_tenants(database: Database) -> list[Tenant]:
    """Every tenant, by name."""
    async with database.platform_read() as session:
        return list(await session.scalars(select(Tenant).order_by(Tenant.slug)))
