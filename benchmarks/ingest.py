"""How long it takes to bring knowledge in: `python -m benchmarks.ingest [--rows 10000] [--documents FOLDER …]`.

Makes a spreadsheet of FAQ rows, reads it as `yingda kb import` does (in a child process) and imports it into an empty
SQLite base, then imports it again; for each folder of documents reads every file. Prints one line of JSON.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import xlsxwriter

from accounts.service import create_tenant
from core.clock import SystemClock
from kb_ingest.content import Options
from kb_ingest.importer import ImportResult, import_files
from kb_ingest.isolation import Limits
from kb_ingest.reading import ReadFile, join_projects, open_files, read_source
from storage.db import Database
from storage.migrate import upgrade_to_head


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--documents", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    if options.rows:
        with tempfile.TemporaryDirectory() as folder:
            figures["spreadsheet"] = asyncio.run(measure_spreadsheet(Path(folder), options.rows))
    for folder in options.documents:
        figures[folder.name] = measure_documents(sorted(path for path in folder.rglob("*") if path.is_file()))
    print(json.dumps(figures, ensure_ascii=False))


async def measure_spreadsheet(folder: Path, rows: int) -> dict[str, Any]:
    """Seconds to read and to import a workbook of `rows` questions, and to import it again."""
    path = write_workbook(folder / "faq.xlsx", rows)
    started = time.perf_counter()
    read = [read_source(source, Options(), Limits()) for source in open_files([path])]
    parsed = time.perf_counter()
    database = Database(f"sqlite+aiosqlite:///{folder / 'base.db'}")
    await upgrade_to_head(database)
    tenant = await create_tenant(database, slug="bench", name="基准", settings={}, clock=SystemClock())
    first, first_seconds = await load(database, tenant.id, read)
    again, again_seconds = await load(database, tenant.id, read)
    await database.close()
    return {
        "rows": rows,
        "megabytes": round(path.stat().st_size / 1e6, 2),
        "parse_s": round(parsed - started, 2),
        "import_s": first_seconds,
        "added": first.added,
        "again_s": again_seconds,
        "unchanged": again.unchanged,
    }


async def load(database: Database, tenant_id: str, read: list[ReadFile]) -> tuple[ImportResult, float]:
    """What an import did, and its seconds up to the commit."""
    started = time.perf_counter()
    async with database.write(tenant_id) as session:
        imported = await import_files(session, read, clock=SystemClock())
    return imported[0].result, round(time.perf_counter() - started, 2)


def measure_documents(paths: list[Path]) -> dict[str, Any]:
    """What the files of a folder give."""
    started = time.perf_counter()
    files = [read_source(source, Options(), Limits()) for source in join_projects(open_files(paths))]
    sizes = [len(entry.answer) for file in files for entry in file.entries if "passage" in entry.labels]
    return {
        "files": len(files),
        "read": sum(file.refused is None for file in files),
        "refused": Counter(file.refused.code for file in files if file.refused),
        "questions": sum(len(file.entries) - file.passages for file in files),
        "passages": len(sizes),
        "passage_chars_median": sorted(sizes)[len(sizes) // 2] if sizes else 0,
        "passage_chars_max": max(sizes, default=0),
        "problems": sum(len(file.problems) for file in files),
        "seconds": round(time.perf_counter() - started, 2),
    }


def write_workbook(path: Path, rows: int) -> Path:
    """A workbook of distinct questions with three similar ones and an answer of a few sentences each."""
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet("知识")
        sheet.write_row(0, 0, ("编号", "标准问", "相似问", "答案", "分类"))
        for number in range(1, rows + 1):
            similar = f"型号{number}咋退\n我要退型号{number}\n型号{number}不想要了"
            answer = f"型号{number}签收后 7 天内可以退货。请在“我的订单”里点“申请退货”，等客服审核。" * 3
            sheet.write_row(
                number, 0, (f"n{number}", f"型号{number}怎么申请退货？", similar, answer, f"售后/{number % 50}")
            )
    return path


if __name__ == "__main__":
    main()
