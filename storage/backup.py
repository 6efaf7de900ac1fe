"""All rows of all tables, out of a running database and into an empty one, on SQLite and PostgreSQL alike.

A backup is a zip: `manifest.json`, one `tables/NAME.jsonl` each (a row a line, in the order of the primary key), and
the few files beside the database. The checksums in the manifest are of those lines, so that what was restored can be
compared with what was saved, whichever database either lives in.
"""

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy import Column, LargeBinary, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.base import Base, UtcDateTime
from storage.db import Database

FORMAT: Final = "yingda.backup/1"
MANIFEST: Final = "manifest.json"
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Saved:
    """One table: how many rows, and the checksum of their lines."""

    rows: int
    sha256: str


async def save_tables(database: Database, archive: ZipFile) -> dict[str, Saved]:
    """Writes every table as it is at one moment, while others go on writing; returns what was saved."""
    saved: dict[str, Saved] = {}
    async with database.snapshot() as connection:
        for table in Base.metadata.sorted_tables:
            with archive.open(_place(table), "w", force_zip64=True) as file:
                digest, rows = hashlib.sha256(), 0
                async for line in _lines(connection, table):
                    file.write(line)
                    digest.update(line)
                    rows += 1
            saved[table.name] = Saved(rows, digest.hexdigest())
    return saved


def read_checksums(archive: ZipFile) -> dict[str, Saved]:
    """What an archive really holds; compared with its manifest before anything is loaded."""
    held: dict[str, Saved] = {}
    for table in Base.metadata.sorted_tables:
        digest, rows = hashlib.sha256(), 0
        with archive.open(_place(table)) as file:
            for line in file:
                digest.update(line)
                rows += 1
        held[table.name] = Saved(rows, digest.hexdigest())
    return held


async def load_tables(database: Database, archive: ZipFile) -> dict[str, Saved]:
    """Fills empty tables, all or nothing, and returns what they then hold."""
    async with database.engine.begin() as connection:
        for table in Base.metadata.sorted_tables:
            with archive.open(_place(table)) as file:
                for batch in _batches(file):
                    await connection.execute(insert(table), [_row(table, json.loads(line)) for line in batch])
    loaded: dict[str, Saved] = {}
    async with database.snapshot() as connection:
        for table in Base.metadata.sorted_tables:
            digest, rows = hashlib.sha256(), 0
            async for line in _lines(connection, table):
                digest.update(line)
                rows += 1
            loaded[table.name] = Saved(rows, digest.hexdigest())
    return loaded


async def is_empty(database: Database) -> bool:
    """Whether no table holds a row."""
    async with database.snapshot() as connection:
        for table in Base.metadata.sorted_tables:
            if (await connection.execute(select(table).limit(1))).first() is not None:
                return False
    return True


def new_archive(path: str) -> ZipFile:
    """An empty archive."""
    return ZipFile(path, "w", ZIP_DEFLATED)


async def _lines(connection: AsyncConnection, table: Table) -> AsyncIterator[bytes]:
    order = [
        column.collate("C") if _is_sorted_by_locale(connection, column) else column for column in table.primary_key
    ]
    async with connection.stream(select(table).order_by(*order)) as rows:
        async for row in rows:
            values = {column.name: _plain(value) for column, value in zip(table.columns, row, strict=True)}
            yield json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _is_sorted_by_locale(connection: AsyncConnection, column: Column[Any]) -> bool:
    return connection.dialect.name == "postgresql" and column.type.python_type is str


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value) if isinstance(value, Enum) else value


def _row(table: Table, values: dict[str, Any]) -> dict[str, Any]:
    return {column.name: _stored(column, values[column.name]) for column in table.columns}


def _stored(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, UtcDateTime):
        return datetime.fromisoformat(value)
    return base64.b64decode(value) if isinstance(column.type, LargeBinary) else value


def _batches(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    for line in lines:
        batch.append(line)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _place(table: Table) -> str:
    return f"tables/{table.name}.jsonl"
