"""Alembic's entry: runs migrations on the connection that storage.migrate hands in."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from storage import models  # noqa: F401 - fills the metadata
from storage.base import Base, StrEnumType, UtcDateTime


def _plain_type(kind: str, item: object, autogen_context: AutogenContext) -> str | Literal[False]:
    """Migrations name the column's plain type: they must go on working when our own types change."""
    if isinstance(item, StrEnumType):
        return "sa.String(length=32)"
    if isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    render_item=_plain_type,
)
with context.begin_transaction():
    context.run_migrations()
