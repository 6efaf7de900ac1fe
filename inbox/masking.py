"""Phone numbers and e-mail addresses of contacts, masked for the desk. One is shown in full for a reason, on record."""

import re
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from accounts.principals import AgentPrincipal
from core.clock import Clock
from core.errors import Invalid, NotFound
from core.ids import new_id
from inbox.content import clean_text
from storage.models import Contact, ContactReveal

_PRIVATE_NAMES: Final = re.compile(r"phone|mobile|tel|e-?mail|手机|电话|邮箱|邮件", re.IGNORECASE)
_EMAIL: Final = re.compile(r"\S+@\S+\.\S+")
_PHONE: Final = re.compile(r"\+?[\d\s()-]{7,20}")


class ReasonRequired(Invalid):
    code = "reason_required"
    zh, en = "请写明查看的原因（至少 2 个字）。", "Say why you need to see it."


def is_private(name: str, value: str) -> bool:
    """Whether an attribute is a phone number or an e-mail address, by its name or by its look."""
    return bool(_PRIVATE_NAMES.search(name) or _EMAIL.fullmatch(value.strip()) or _PHONE.fullmatch(value.strip()))


def mask_attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as the desk sees them."""
    return {
        name: mask_value(value) if isinstance(value, str) and is_private(name, value) else value
        for name, value in attributes.items()
    }


def mask_value(value: str) -> str:
    """Enough to recognise a number or an address by, too little to use it: `138****5678`, `l***@qq.com`."""
    value = value.strip()
    if "@" in value:
        name, _, domain = value.partition("@")
        return f"{name[:1]}***@{domain}"
    if len(value) < 7:
        return "*" * len(value)
    head, tail = (3, 4) if len(value) >= 11 else (1, 2)
    return f"{value[:head]}{'*' * (len(value) - head - tail)}{value[-tail:]}"


async def reveal_attribute(
    session: AsyncSession, agent: AgentPrincipal, contact_id: str, name: str, reason: str, *, clock: Clock
) -> str:
    """One attribute in full; who looked and why is stored in the same transaction.

    Raises:
        NotFound: no such contact in this tenant, or no such attribute.
        ReasonRequired: no reason worth the name.
    """
    contact = await session.get(Contact, contact_id)
    value = None if contact is None else contact.attributes.get(name)
    if contact is None or not isinstance(value, str):
        raise NotFound
    reason = clean_text(reason)
    if len(reason) < 2:
        raise ReasonRequired
    session.add(
        ContactReveal(
            id=new_id(),
            contact_id=contact.id,
            user_id=agent.user_id,
            field=name[:40],
            reason=reason[:500],
            created_at=clock.now(),
        )
    )
    return value
