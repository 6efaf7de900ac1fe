"""People who write in, and the site through which a web visitor comes."""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.ids import new_id
from inbox.content import clean_text
from inbox.errors import UnknownSite
from storage.db import Database
from storage.models import Contact, Inbox, Tenant

_MAX_NAME: Final = 60
_MAX_ATTRIBUTES: Final = 30
# Friendly names for people who have not told theirs: a colour and a fruit, the same for one contact for ever.
_COLOURS: Final = ("青色", "橙色", "紫色", "蓝色", "绿色", "红色", "金色", "银色")
_FRUITS: Final = ("苹果", "柠檬", "荔枝", "草莓", "葡萄", "西柚", "芒果", "樱桃", "石榴", "枇杷")


@dataclass(frozen=True, slots=True)
class Site:
    """A web inbox with the tenant that it belongs to."""

    tenant: Tenant
    inbox: Inbox


@dataclass(frozen=True, slots=True)
class ContactClaim:
    """What a page says about its visitor. Unsigned, so it names and describes but never identifies."""

    name: str | None = None
    attributes: dict[str, str] | None = None


async def find_site(database: Database, site_key: str) -> Site:
    """The inbox behind a public site key.

    Raises:
        UnknownSite: no such key.
    """
    async with database.platform_read() as session:
        found = (
            await session.execute(
                select(Tenant, Inbox).join(Inbox, Inbox.tenant_id == Tenant.id).where(Inbox.site_key == site_key)
            )
        ).one_or_none()
    if found is None:
        raise UnknownSite
    tenant, inbox = found
    return Site(tenant, inbox)


async def create_contact(
    session: AsyncSession, inbox: Inbox, claim: ContactClaim, *, clock: Clock, external_id: str | None = None
) -> Contact:
    """A new person in an inbox of the session's tenant."""
    contact = Contact(
        id=new_id(), inbox_id=inbox.id, external_id=external_id, name="", attributes={}, created_at=clock.now()
    )
    contact.name = anonymous_name(contact.id)
    describe_contact(contact, claim)
    session.add(contact)
    await session.flush()
    return contact


async def contact_by_external_id(session: AsyncSession, inbox: Inbox, external_id: str, *, clock: Clock) -> Contact:
    """The person whom a channel calls `external_id`, made at the first message."""
    contact: Contact | None = await session.scalar(
        select(Contact).where(Contact.inbox_id == inbox.id, Contact.external_id == external_id)
    )
    return contact or await create_contact(session, inbox, ContactClaim(), clock=clock, external_id=external_id)


def describe_contact(contact: Contact, claim: ContactClaim) -> None:
    """Takes over a name and attributes, cleaned and cut to size."""
    name = clean_text(claim.name or "")[:_MAX_NAME]
    if name:
        contact.name = name
    if claim.attributes:
        kept: dict[str, Any] = dict(contact.attributes)
        for key, value in list(claim.attributes.items())[:_MAX_ATTRIBUTES]:
            kept[clean_text(key)[:40]] = clean_text(value)[:200]
        contact.attributes = kept


def anonymous_name(contact_id: str) -> str:
    """A name to call an unknown visitor by."""
    digest = hashlib.sha256(contact_id.encode()).digest()
    return f"{_COLOURS[digest[0] % len(_COLOURS)]}{_FRUITS[digest[1] % len(_FRUITS)]}{digest[2] % 90 + 10}"
