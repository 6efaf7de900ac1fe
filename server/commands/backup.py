"""`yingda backup FILE` and `yingda restore FILE`: the whole installation in one file, and back onto an empty one."""

import asyncio
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile, ZipFile

from core.clock import SystemClock
from core.settings import Settings
from server.commands.problems import CommandProblem
from server.commands.serve import check_data_dir
from server.database import open_database
from server.version import VERSION
from storage.backup import FORMAT, MANIFEST, Saved, is_empty, load_tables, new_archive, read_checksums, save_tables
from storage.migrate import head_revision, is_at_head, upgrade_to_head

_FILES: Final = ("audit.key", "audit.anchor")  # beside the database; without them the audit log cannot be verified


def backup(settings: Settings, target: Path) -> dict[str, Any]:
    """Writes the backup; returns its manifest. The server may be running."""
    return asyncio.run(_backup(settings, target))


def restore(settings: Settings, source: Path) -> dict[str, Any]:
    """Fills an empty installation; returns the manifest of what was restored, proven to be equal."""
    check_data_dir(settings.data_dir)
    try:
        with ZipFile(source) as archive:
            manifest = json.loads(archive.read(MANIFEST))
            _check_manifest(manifest)
            _check_equal(read_checksums(archive), manifest, "备份文件已损坏，没有写入任何数据。")
            _restore_files(settings.data_dir, archive)
            return asyncio.run(_restore(settings, archive, manifest))
    except (BadZipFile, KeyError, json.JSONDecodeError) as error:
        raise CommandProblem(f"{source} 不是完整的备份文件，请换一个。") from error


async def _backup(settings: Settings, target: Path) -> dict[str, Any]:
    database = open_database(settings)
    draft = target.with_name(f".{target.name}.part")
    try:
        if not await is_at_head(database):
            raise CommandProblem("数据库结构不是最新，请先运行 yingda init。")
        draft.touch(mode=0o600)  # it holds everything that customers ever said
        with new_archive(str(draft)) as archive:
            saved = await save_tables(database, archive)
            for name in _FILES:
                if (settings.data_dir / name).is_file():
                    archive.write(settings.data_dir / name, f"files/{name}")
            manifest = {
                "format": FORMAT,
                "version": VERSION,
                "schema": head_revision(),
                "made_at": SystemClock().now().isoformat(),
                "tables": {name: asdict(table) for name, table in saved.items()},
            }
            archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
        await database.close()
    return manifest


async def _restore(settings: Settings, archive: ZipFile, manifest: dict[str, Any]) -> dict[str, Any]:
    database = open_database(settings)
    try:
        await upgrade_to_head(database)
        if not await is_empty(database):
            raise CommandProblem(
                "目标数据库里已有数据。恢复只写进空库：请换一个 YINGDA_DATABASE_URL 或 YINGDA_DATA_DIR。"
            )
        loaded = await load_tables(database, archive)
    finally:
        await database.close()
    _check_equal(loaded, manifest, "请勿使用这个库。")
    return manifest


def _check_equal(found: dict[str, Saved], manifest: dict[str, Any], advice: str) -> None:
    saved = {name: Saved(**table) for name, table in manifest["tables"].items()}
    if found != saved:
        differing = "、".join(name for name in saved if found.get(name) != saved[name])
        raise CommandProblem(f"校验和不一致（{differing}），{advice}")


def _check_manifest(manifest: dict[str, Any]) -> None:
    if manifest.get("format") != FORMAT:
        raise CommandProblem(f"不认识的备份格式 {manifest.get('format')}。")
    if manifest["schema"] != head_revision():
        raise CommandProblem(f"备份来自另一个版本（{manifest['version']}），请用同版本的应答恢复，再升级。")


def _restore_files(folder: Path, archive: ZipFile) -> None:
    for name in _FILES:
        if f"files/{name}" not in archive.namelist():
            continue
        path = folder / name
        if path.exists() and path.read_bytes() != archive.read(f"files/{name}"):
            raise CommandProblem(f"{path} 已存在且与备份不同。请换一个空的数据目录（YINGDA_DATA_DIR）。")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(archive.read(f"files/{name}"))
