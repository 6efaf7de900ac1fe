"""`yingda kb import` and `yingda kb export`."""

import asyncio
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from sqlalchemy.exc import SQLAlchemyError

from accounts.service import find_tenant
from audit.record import SYSTEM, Subject, record_audit
from core.clock import SystemClock
from core.settings import Settings
from kb_ingest.importer import import_entries
from kb_ingest.jsonl import read_entries, write_entries
from retrieval.stores.knowledge import load_published
from retrieval.types import Entry
from server.commands.problems import CommandProblem
from server.opening import open_database
from storage.db import Database
from storage.migrate import is_at_head
from storage.models import Tenant

console = Console(stderr=True)


def import_files(settings: Settings, files: list[Path], tenant_slug: str) -> dict[str, Any]:
    """Imports files into a tenant; returns the figures of all files together."""
    return asyncio.run(_import(settings, files, tenant_slug))


def export_file(settings: Settings, tenant_slug: str, out: Path) -> int:
    """Writes a tenant's entries; returns how many."""
    entries = asyncio.run(_published(settings, tenant_slug))
    out.write_text("".join(f"{line}\n" for line in write_entries(entries)), encoding="utf-8")
    return len(entries)


async def _import(settings: Settings, files: list[Path], tenant_slug: str) -> dict[str, Any]:
    database = open_database(settings)
    totals = {"added": 0, "changed": 0, "unchanged": 0, "problems": 0}
    try:
        tenant = await require_tenant(database, tenant_slug)
        for file in track(files, "导入知识", console=console, disable=not sys.stderr.isatty(), transient=True):
            read = read_entries(file)
            for found in read.problems:
                console.print(f"{file.name} 第 {found.line} 行：{found.reason}，已跳过。", markup=False)
            async with database.write(tenant.id) as session:
                result = await import_entries(session, read.entries, clock=SystemClock())
                await record_audit(
                    session, SYSTEM, "knowledge.imported", Subject("knowledge"), clock=SystemClock(), **asdict(result)
                )
            for name, number in asdict(result).items():
                totals[name] += number
            totals["problems"] += len(read.problems)
    finally:
        await database.close()
    return totals


async def _published(settings: Settings, tenant_slug: str) -> tuple[Entry, ...]:
    database = open_database(settings)
    try:
        tenant = await require_tenant(database, tenant_slug)
        async with database.read(tenant.id) as session:
            knowledge = await load_published(session)
    finally:
        await database.close()
    return knowledge.entries


async def require_tenant(database: Database, slug: str) -> Tenant:
    """The tenant by its short name, or a sentence that says what to do."""
    try:
        is_ready = await is_at_head(database)
    except (SQLAlchemyError, OSError) as error:
        raise CommandProblem(
            f"数据库打不开（{type(error).__name__}）。请先运行 yingda init，或检查 YINGDA_DATABASE_URL。"
        ) from error
    if not is_ready:
        raise CommandProblem("数据库还没有初始化，请先运行 yingda init。")
    tenant = await find_tenant(database, slug)
    if tenant is None:
        raise CommandProblem(f"没有名为 {slug} 的租户。可用 yingda tenant create {slug} --name … 新建。")
    return tenant
