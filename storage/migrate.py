"""Brings a database to the newest schema, from empty or from any released version."""

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from storage.db import MIGRATIONS, Database

_LOCK = 0x59494E47  # "YING": several processes starting at once migrate one after the other


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    command.upgrade(_config(connection), "head")


async def upgrade_to_head(database: Database) -> None:
    """Applies what is missing, in one transaction. Running it again, or in several processes, does no harm."""
    async with database.engine.begin() as connection:
        await connection.run_sync(_upgrade)


async def is_at_head(database: Database) -> bool:
    """Whether the schema is the one that this code expects."""
    async with database.engine.connect() as connection:
        current = await connection.run_sync(lambda c: MigrationContext.configure(c).get_current_revision())
    return current == head_revision()


def head_revision() -> str | None:
    """The schema that this code expects."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()
