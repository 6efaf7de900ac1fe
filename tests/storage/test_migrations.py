"""Migrations lead to exactly the models, from empty, and again without harm."""

import asyncio
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from core.settings import Settings
from storage import models
from storage.base import Base
from storage.db import Database
from storage.migrate import is_at_head, upgrade_to_head


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return [change for change in compare_metadata(context, Base.metadata) if change[0] != "remove_index"]


class TestMigrations:
    def test_head_equals_the_models(self, database_url: str) -> None:
        assert models.Message.__tablename__ in Base.metadata.tables

        async def compare() -> list[object]:
            database = Database(Settings(database_url=database_url, _env_file=None).async_database_url())
            try:
                await upgrade_to_head(database)
                await upgrade_to_head(database)
                assert await is_at_head(database)
                async with database.engine.connect() as connection:
                    return await connection.run_sync(_differences)
            finally:
                await database.close()

        assert asyncio.run(compare()) == []

    def test_several_processes_may_start_at_once(self, tmp_path: Path, postgres_url: str) -> None:
        async def start_all(url: str) -> None:
            databases = [Database(url) for _ in range(4)]
            try:
                await asyncio.gather(*(upgrade_to_head(database) for database in databases))
                assert await is_at_head(databases[0])
            finally:
                for database in databases:
                    await database.close()

        asyncio.run(start_all(f"sqlite+aiosqlite:///{tmp_path / 'many.db'}"))
        asyncio.run(start_all(Settings(database_url=postgres_url, _env_file=None).async_database_url()))

    def test_unmigrated_database_is_told_apart(self, tmp_path: Path) -> None:
        async def check() -> bool:
            database = Database(f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}")
            try:
                return await is_at_head(database)
            finally:
                await database.close()

        assert asyncio.run(check()) is False
