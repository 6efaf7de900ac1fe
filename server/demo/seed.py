"""Makes the demo tenant once; a second run finds it and changes nothing."""

import json
from pathlib import Path
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from accounts.passwords import DEMO_PASSWORD
from accounts.service import create_tenant, create_user, find_tenant
from core.clock import Clock
from core.ids import new_id
from core.settings import REPOSITORY
from kb_ingest.importer import import_entries
from kb_ingest.jsonl import read_entries
from storage.db import Database
from storage.models import CannedReply, Inbox, Role, Tenant

DEMO_SLUG: Final = "demo"
DEMO_SITE_KEY: Final = "demo"
DATA: Final = REPOSITORY / "data" / "demo"

_SETTINGS: Final[dict[str, Any]] = {
    "bot_name": "小应",
    "welcome": "您好，这里是应答商城。订单、物流、退换货、发票……用自己的话问我就行。",
    "ai_notice": "由人工智能客服自动回答，仅供参考；可随时转人工。",
    "service_hours": "8:00–24:00",
    "color": "#1f6feb",
    "suggestions": ["怎么申请退货", "运费怎么算", "退款几天到微信", "怎么催发货", "忘记开发票了"],
}
_PEOPLE: Final = (
    ("agent@demo.local", "小林", Role.AGENT),
    ("agent2@demo.local", "阿哲", Role.AGENT),
    ("editor@demo.local", "文编辑", Role.EDITOR),
    ("admin@demo.local", "管理员", Role.ADMIN),
)


async def seed_demo(database: Database, *, clock: Clock) -> Tenant | None:
    """The new demo tenant with its people, site, knowledge and canned replies; None if it is there already."""
    if await find_tenant(database, DEMO_SLUG) is not None:
        return None
    tenant = await create_tenant(
        database, slug=DEMO_SLUG, name="应答商城", settings=_SETTINGS, clock=clock, is_demo=True
    )
    async with database.write(tenant.id) as session:
        for email, name, role in _PEOPLE:
            await create_user(session, email=email, name=name, role=role, password=DEMO_PASSWORD, clock=clock)
        session.add(_inbox("网站", "web", clock, site_key=DEMO_SITE_KEY))
        session.add(_inbox("App", "app", clock))
        session.add(_inbox("微信公众号", "wechat", clock))
        _add_canned_replies(session)
        for path in sorted(DATA.glob("kb/*.jsonl")):
            await import_entries(session, read_entries(path).entries, clock=clock)
    return tenant


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of one of our own JSON Lines files."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _inbox(name: str, channel: str, clock: Clock, site_key: str | None = None) -> Inbox:
    return Inbox(id=new_id(), name=name, channel=channel, site_key=site_key, settings={}, created_at=clock.now())


def _add_canned_replies(session: AsyncSession) -> None:
    for reply in read_lines(DATA / "agent_replies.jsonl"):
        session.add(CannedReply(id=new_id(), **{key: reply[key] for key in ("title", "text", "category", "shortcut")}))
