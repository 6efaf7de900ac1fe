"""`yingda audit verify`: is the audit log what was written?"""

import asyncio
from dataclasses import dataclass
from typing import Final

from audit.anchor import AnchorFile, AnchorForged
from audit.key import audit_key
from audit.verify import Verdict, verify_chain
from core.settings import Settings
from server.commands.kb import require_tenant
from server.commands.problems import CommandProblem
from server.database import open_database
from storage.tenants import all_tenants

_REASONS: Final = {
    "missing": "缺失",
    "changed": "内容被改动",
    "forged": "签名不符，不是由本系统写入",
    "replaced": "与锚点文件不符，曾被删除重写",
    "cut": "末尾被截断，锚点文件记得更长的链",
}


@dataclass(frozen=True, slots=True)
class Report:
    """One tenant's verdict, with its short name."""

    slug: str
    verdict: Verdict

    @property
    def finding(self) -> str:
        """What is wrong, in words; empty if nothing is."""
        broken = self.verdict.broken
        return f"第 {broken.seq} 条{_REASONS[broken.reason]}" if broken else ""


def verify(settings: Settings, tenant_slug: str | None) -> list[Report]:
    """Checks one tenant's chain, or all."""
    return asyncio.run(_verify(settings, tenant_slug))


async def _verify(settings: Settings, tenant_slug: str | None) -> list[Report]:
    database, key = open_database(settings), audit_key(settings)
    try:
        tenants = [await require_tenant(database, tenant_slug)] if tenant_slug else await all_tenants(database)
        try:
            anchors = AnchorFile(settings.data_dir, key).read()
        except AnchorForged as error:
            raise CommandProblem(
                f"锚点文件 audit.anchor 第 {error} 行不是本系统写的，请从备份恢复后再核对。"
            ) from error
        return [
            Report(tenant.slug, await verify_chain(database, tenant.id, key, anchors.get(tenant.id, [])))
            for tenant in tenants
        ]
    finally:
        await database.close()
