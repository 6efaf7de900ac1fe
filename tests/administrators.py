"""An administrator of a test's tenant."""

import uuid

from accounts.service import create_user
from core.clock import SystemClock
from server.services import Services
from storage.models import Role
from tests.support import PASSWORD, LiveServer, TenantAccess


def admin_token(server: LiveServer, tenant: TenantAccess) -> str:
    """The access token of a new administrator."""
    email = f"admin-{uuid.uuid4().hex[:8]}@{tenant.slug}.example"

    async def make(services: Services) -> None:
        async with services.database.write(tenant.id) as session:
            await create_user(
                session, email=email, name="管理员", role=Role.ADMIN, password=PASSWORD, clock=SystemClock()
            )

    server.run(make)
    return server.sign_in(email)
