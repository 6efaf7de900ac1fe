"""Making tenants and people, and signing people in."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.errors import DemoPasswordRefused, SlugTaken, TenantRequired, WrongCredentials
from accounts.passwords import DEMO_PASSWORD, hash_password, password_matches
from accounts.tokens import issue_agent_token
from audit.record import Actor, Subject, record_audit
from core.clock import Clock
from core.ids import new_id
from storage.db import Database
from storage.models import Role, Tenant, User


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """What a tenant may choose for itself. Texts are what its customers read."""

    bot_name: str = "小应"
    welcome: str = "您好，请问有什么可以帮您？"
    ai_notice: str = "由人工智能客服自动回答，仅供参考；可随时转人工。"
    service_hours: str = "9:00–18:00"
    color: str = "#1f6feb"
    suggestions: tuple[str, ...] = ()

    @classmethod
    def of(cls, tenant: Tenant) -> "TenantSettings":
        """Reads the stored settings; unknown keys are ignored, missing ones take their default."""
        known = {key: value for key, value in tenant.settings.items() if key in cls.__slots__}
        if "suggestions" in known:
            known["suggestions"] = tuple(known["suggestions"])
        return cls(**known)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The result of signing in."""

    token: str
    lifetime: timedelta
    user: User


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


async def create_user(session: AsyncSession, *, email: str, name: str, role: Role, password: str, clock: Clock) -> User:
    """Adds a person to the session's tenant."""
    user = User(
        id=new_id(),
        email=email.strip().lower(),
        name=name,
        role=role,
        password_hash=await hash_password(password),
        seen_at=None,
        created_at=clock.now(),
    )
    session.add(user)
    await session.flush()
    return user


async def sign_in(
    database: Database,
    *,
    email: str,
    password: str,
    tenant_slug: str | None,
    clock: Clock,
    lifetime: timedelta,
    demo_mode: bool,
) -> SignedIn:
    """Checks a password and issues a token.

    Raises:
        WrongCredentials: no such person, a wrong password or a disabled account.
        TenantRequired: the address and password fit people of several tenants.
        DemoPasswordRefused: the public demo password outside demo mode.
    """
    query = select(User, Tenant).join(Tenant, Tenant.id == User.tenant_id).where(User.email == email.strip().lower())
    if tenant_slug:
        query = query.where(Tenant.slug == tenant_slug)
    async with database.platform_read() as session:
        people = list(await session.execute(query.order_by(User.created_at)))
    matching = [user for user, _ in people if await password_matches(password, user.password_hash) and user.is_active]
    if not people:
        await password_matches(password, None)
    if not matching:
        refusal = WrongCredentials()
        refusal.accounts = tuple((user.tenant_id, user.id) for user, _ in people)
        raise refusal
    if password == DEMO_PASSWORD and not demo_mode:
        raise DemoPasswordRefused
    if len(matching) > 1:
        raise TenantRequired
    user = matching[0]
    async with database.write(user.tenant_id) as session:
        token = issue_agent_token(session, user, clock=clock, lifetime=lifetime)
        await record_audit(session, Actor("agent", user.id), "sign_in.succeeded", Subject("user", user.id), clock=clock)
    return SignedIn(token, lifetime, user)
