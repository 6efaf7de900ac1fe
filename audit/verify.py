"""Reads whole chains and says whether they are what was written."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from audit.chain import Anchor, Broken, ChainCheck
from storage.db import Database
from storage.models import AuditEntry

_PAGE: Final = 2000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found in one tenant's chain. `entries` counts those that are proven up to the first broken one."""

    tenant: str
    entries: int
    broken: Broken | None


async def verify_chain(database: Database, tenant_id: str, key: bytes, anchors: list[Anchor]) -> Verdict:
    """Checks a tenant's chain from its beginning against the key and the anchors."""
    check = ChainCheck(key, anchors)
    async with database.read(tenant_id) as session:
        while True:
            query = select(AuditEntry).where(AuditEntry.seq > check.length).order_by(AuditEntry.seq).limit(_PAGE)
            page = list(await session.scalars(query))
            for entry in page:
                if (broken := check.read(entry)) is not None:
                    return Verdict(tenant_id, check.length, broken)
            session.expunge_all()  # a long chain must not fill the memory
            if len(page) < _PAGE:
                return Verdict(tenant_id, check.length, check.end())
