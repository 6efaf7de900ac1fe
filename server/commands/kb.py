"""`yingda kb import`, `kb export` and `kb template`."""

import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text
from sqlalchemy.exc import SQLAlchemyError

from accounts.service import find_tenant
from audit.record import SYSTEM, Subject, record_audit
from core.clock import SystemClock
from core.settings import Settings
from kb_ingest.columns import FIELDS
from kb_ingest.content import Options, Source
from kb_ingest.importer import ImportedFile, import_files, preview_files
from kb_ingest.isolation import Limits
from kb_ingest.jsonl import write_entries
from kb_ingest.reading import ReadFile, join_projects, open_files, read_source
from kb_ingest.report import ImportReport, make_report
from kb_ingest.template import write_template
from kb_ingest.web.crawl import Crawl, Manners, is_address
from kb_ingest.web.fetcher import Fetcher
from kb_ingest.web.network import Network
from retrieval.stores.knowledge import load_published
from retrieval.types import Entry
from server.commands.problems import CommandProblem
from server.database import open_database
from storage.db import Database
from storage.migrate import is_at_head
from storage.models import Tenant

console = Console(stderr=True)
_PARSERS = 4  # child processes at a time
_SHOWN = 20  # problems of one file told on a terminal; --json holds all


@dataclass(frozen=True, slots=True)
class Request:
    """What to import: files and web addresses, and how to read them, as the command line gives them."""

    items: Sequence[str]
    columns: Sequence[str] = ()
    intranet: Sequence[str] = ()
    pages: int = 100
    dry_run: bool = False


def import_knowledge(settings: Settings, tenant_slug: str, request: Request) -> ImportReport:
    """Imports into a tenant, or with `dry_run` only says what that would do."""
    options = Options(columns=tuple(_column(text) for text in request.columns))
    network = Network(intranet=frozenset(_host(text) for text in request.intranet))
    imported = asyncio.run(_import(settings, tenant_slug, request, options, network))
    return make_report(imported, "zh", dry_run=request.dry_run)


def export_file(settings: Settings, tenant_slug: str, out: Path) -> int:
    """Writes a tenant's entries; returns how many."""
    entries = asyncio.run(_published(settings, tenant_slug))
    out.write_text("".join(f"{line}\n" for line in write_entries(entries)), encoding="utf-8")
    return len(entries)


def write_template_file(out: Path) -> None:
    """Writes a table to fill in."""
    write_template(out)


def print_report(report: ImportReport) -> None:
    """The closing table on the terminal, and under it what was left out."""
    print_problems(report)
    table = Table(title="如果导入，将会（试运行，未写入）" if report.dry_run else "导入结果", title_justify="left")
    table.add_column("文件", overflow="fold")
    for name in ("问答", "段落", "新增", "更新", "未变", "跳过"):
        table.add_column(name, justify="right")
    for file in report.files:
        if file.refused is not None:
            table.add_row(Text(file.name), *["–"] * 5, "整个文件")
            continue
        numbers = (file.questions, file.passages, file.added, file.changed, file.unchanged, len(file.problems))
        table.add_row(Text(file.name), *map(str, numbers))
    Console().print(table)


def print_problems(report: ImportReport) -> None:
    """What was left out, to the error output."""
    for file in report.files:
        if file.refused is not None:
            console.print(f"{file.name}：{file.refused.reason}", markup=False, soft_wrap=True)
        for problem in file.problems[:_SHOWN]:
            where = f" {problem.place}" if problem.place else ""
            console.print(f"{file.name}{where}：{problem.reason}，已跳过。", markup=False, soft_wrap=True)
        if len(file.problems) > _SHOWN:
            console.print(f"{file.name}：还有 {len(file.problems) - _SHOWN} 处，用 --json 查看全部。", markup=False)


def _column(text: str) -> tuple[str, str]:
    name, mark, meaning = text.rpartition("=")
    if not mark or not name or meaning not in FIELDS:
        raise CommandProblem(f"--map 应写成 列名=字段，字段是 {'、'.join(FIELDS)} 之一，例如 --map 客户问题=question。")
    return name, meaning


def _host(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise CommandProblem("--intranet 应写成 主机:端口，例如 --intranet 10.0.0.5:8080。")
    return host.strip("[]").lower(), int(port)


async def _import(
    settings: Settings, tenant_slug: str, request: Request, options: Options, network: Network
) -> list[ImportedFile]:
    database = open_database(settings)
    try:
        tenant = await require_tenant(database, tenant_slug)
        read = _read_everything(request, options, network)
        if request.dry_run:
            async with database.read(tenant.id) as session:
                return await preview_files(session, read, clock=SystemClock())
        async with database.write(tenant.id) as session:
            imported = await import_files(session, read, clock=SystemClock())
            totals = {
                name: sum(getattr(one.result, name) for one in imported) for name in ("added", "changed", "unchanged")
            }
            subject = Subject("knowledge")
            await record_audit(session, SYSTEM, "knowledge.imported", subject, clock=SystemClock(), **totals)
            return imported
    finally:
        await database.close()


def _read_everything(request: Request, options: Options, network: Network) -> list[ReadFile]:
    """Reads everything before the first entry is written, so that the writing is short."""
    is_quiet = not sys.stderr.isatty()
    found = track(_sources(request, network), "打开", console=console, disable=is_quiet, transient=True)
    sources = join_projects(found)
    with ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, _PARSERS)) as pool:
        reading = pool.map(lambda source: read_source(source, options, Limits()), sources)
        progress = track(reading, "读取知识", total=len(sources), console=console, disable=is_quiet, transient=True)
        return list(progress)


def _sources(request: Request, network: Network) -> Iterator[Source | ReadFile]:
    crawl = Crawl(Fetcher(network), Manners(pages=request.pages))
    for item in request.items:
        yield from crawl.sources(item) if is_address(item) else open_files([Path(item)])


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
