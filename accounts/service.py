"""Making tenants and people."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.errors import SlugTaken
from accounts.password_rules import PasswordRules
from accounts.passwords import hash_password
from core.clock import Clock
from core.ids import new_id
from storage.db import Database
from storage.models import Tenant, User


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """What a tenant may choose for itself. Texts are what its customers read."""

    bot_name: str = "小应"
    welcome: str = "您好，请问有什么可以帮您？"
    ai_notice: str = "由人工智能客服自动回答，仅供参考；可随时转人工。"
    service_hours: str = "9:00–18:00"
    color: str = "#1f6feb"
    suggestions: tuple[str, ...] = ()
    password_rules: PasswordRules = PasswordRules.NIST

    @classmethod
    def of(cls, tenant: Tenant) -> "TenantSettings":
        """Reads the stored settings; unknown keys are ignored, missing ones take their default."""
        known = {key: value for key, value in tenant.settings.items() if key in cls.__slots__}
        if "suggestions" in known:
            known["suggestions"] = tuple(known["suggestions"])
        if "password_rules" in known:
            known["password_rules"] = PasswordRules(known["password_rules"])
        return cls(**known)


async def create_tenant(
    database: Database, *, slug: str, name: str, settings: dict[str, object], clock: Clock, is_demo: bool = False
) -> Tenant:
    """Makes a tenant.

    Raises:
        SlugTaken: another tenant has this name.
    """
    async with database.platform_write() as session:
        if await session.scalar(select(Tenant.id).where(Tenant.slug == slug)):
            raise SlugTaken(slug=slug)
        tenant = Tenant(id=new_id(), slug=slug, name=name, settings=settings, is_demo=is_demo, created_at=clock.now())
        session.add(tenant)
    return tenant


async def find_tenant(database: Database, slug: str) -> Tenant | None:
    """A tenant by its short name."""
    async with database.platform_read() as session:
        tenant: Tenant | None = await session.scalar(select(Tenant).where(Tenant.slug == slug))
        return tenant


async def create_user(session: AsyncSession, *, email: str, name: str, role: str, password: str, clock: Clock) -> User:
    """Adds a person to the session's tenant."""
    user = User(
        id=new_id(),
        email=email.strip().lower(),
        name=name,
        role=role,
        password_hash=await hash_password(password),
        password_changed_at=clock.now(),
        seen_at=None,
        created_at=clock.now(),
    )
    session.add(user)
    await session.flush()
    return user
