"""The one way to the database.

`Database.read(tenant)` and `Database.write(tenant)` each open one transaction that sees one tenant only:

- every ORM statement gets `tenant_id = …` added, every new row gets the tenant, a row of another tenant is refused;
- on PostgreSQL the transaction also runs as a role without rights of its own, under row-level security.

`Database.platform_read()` and `platform_write()` see all tenants. They are for the few steps that cannot know the
tenant yet (whose token is this, which site is this, which jobs are due); tools/check_queries.py lists who may.

Events that a transaction announces are told after its commit, never before.
"""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import orjson
from sqlalchemy import Connection, event, insert, text
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, with_loader_criteria
from sqlalchemy.pool import ConnectionPoolEntry

from core.events import Event
from core.settings import REPOSITORY
from storage.base import Base, TenantOwned

TENANT_ROLE = "yingda_tenant"
_SCOPE = "tenant_scope"
_ANNOUNCED = "announced"
_PLATFORM = "*"
_AUDIT_KEY = "audit_key"
_STAMPED = "tenant_stamped"
_WAL_TRIES = 20


def _to_json(value: object) -> str:
    return orjson.dumps(value).decode()


_JSON = {"json_serializer": _to_json, "json_deserializer": orjson.loads}

Listener = Callable[[list[Event]], Awaitable[None]]


class TenantViolation(RuntimeError):
    """A statement tried to leave its tenant. Always a bug of ours, never the caller's fault."""


class ScopedSession(Session):
    """A session that belongs to one tenant (or, named as such, to the platform)."""


@event.listens_for(ScopedSession, "do_orm_execute")
def _confine_statement(state: ORMExecuteState) -> None:
    scope = state.session.info.get(_SCOPE)
    if scope is None:
        raise TenantViolation("this session has no tenant")
    if scope == _PLATFORM:
        return
    if state.is_insert:
        if state.execution_options.get(_STAMPED) == scope:
            return
        raise TenantViolation("add rows with session.add, add_all or add_rows, so that their tenant is checked")
    state.statement = state.statement.options(
        with_loader_criteria(TenantOwned, lambda cls: cls.tenant_id == scope, include_aliases=True)
    )


@event.listens_for(ScopedSession, "before_flush")
def _confine_rows(session: Session, context: object, instances: object) -> None:
    scope = session.info.get(_SCOPE)
    new = session.new  # built anew at each look: once, or ten thousand rows cost half a minute
    for row in [*new, *session.dirty, *session.deleted]:
        if not isinstance(row, TenantOwned) or scope == _PLATFORM:
            continue
        if row.tenant_id is None and row in new:
            row.tenant_id = scope
        if row.tenant_id != scope:
            raise TenantViolation(f"a row of {type(row).__name__} belongs to another tenant")


@event.listens_for(ScopedSession, "after_begin")
def _confine_transaction(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    scope = session.info.get(_SCOPE)
    if connection.dialect.name == "postgresql" and scope != _PLATFORM:
        connection.execute(
            text("SELECT set_config('role', :role, true), set_config('yingda.tenant_id', :tenant, true)"),
            {"role": TENANT_ROLE, "tenant": scope or ""},
        )


def announce(session: AsyncSession, *events: Event) -> None:
    """Notes what to tell once this transaction is committed; a rollback forgets it."""
    session.info.setdefault(_ANNOUNCED, []).extend(events)


def tenant_of(session: AsyncSession) -> str:
    """The tenant that a session is confined to."""
    scope = session.info.get(_SCOPE)
    if scope is None or scope == _PLATFORM:
        raise TenantViolation("this session has no single tenant")
    return str(scope)


def audit_key_of(session: AsyncSession) -> bytes:
    """What signs the audit entries of this transaction; the database was opened with it or has none."""
    key = session.info.get(_AUDIT_KEY)
    if not key:
        raise RuntimeError("this database was opened without the audit key")
    return bytes(key)


async def add_rows(session: AsyncSession, model: type[TenantOwned], rows: Sequence[Mapping[str, object]]) -> None:
    """Adds many rows in one statement, without making objects of them: for paths where every microsecond counts.

    They belong to the session's tenant, whatever they say.
    """
    if rows:
        scope = tenant_of(session)
        stamped = [{**row, "tenant_id": scope} for row in rows]
        await session.execute(insert(model.__table__), stamped, execution_options={_STAMPED: scope})  # type: ignore[attr-defined]


class Database:
    """Engines and sessions of one installation. Share one object per process; safe for concurrent tasks."""

    def __init__(self, url: str, *, audit_key: bytes = b"") -> None:
        self._audit_key = audit_key
        self.is_sqlite = url.startswith("sqlite")
        if self.is_sqlite:
            # SQLite has one writer at a time: one connection for writing queues writers fairly in this process, and
            # BEGIN IMMEDIATE keeps two processes from both reading and then both writing (a silently lost update).
            self._writer = _sqlite_engine(url, begin="BEGIN IMMEDIATE", pool_size=1)
            self._reader = _sqlite_engine(url, begin="BEGIN", pool_size=4, pragmas=("query_only=ON",))
        else:
            self._writer = create_async_engine(
                url, pool_size=10, max_overflow=10, pool_pre_ping=True, hide_parameters=True, **_JSON
            )
            self._reader = self._writer.execution_options(postgresql_readonly=True)
        self._listeners: list[Listener] = []

    @property
    def engine(self) -> AsyncEngine:
        """For migrations and diagnostics only."""
        return self._writer

    def on_commit(self, listener: Listener) -> None:
        """Registers who is told of announced events, after their commit, in order."""
        self._listeners.append(listener)

    @asynccontextmanager
    async def read(self, tenant_id: str) -> AsyncIterator[AsyncSession]:
        """One read-only transaction inside a tenant."""
        async with self._session(self._reader, tenant_id) as session:
            yield session

    @asynccontextmanager
    async def write(self, tenant_id: str) -> AsyncIterator[AsyncSession]:
        """One transaction inside a tenant: committed when the block ends, rolled back if it raises."""
        async with self._writing(tenant_id) as session:
            yield session

    @asynccontextmanager
    async def platform_read(self) -> AsyncIterator[AsyncSession]:
        """One read-only transaction over all tenants. For the few who may, see the module."""
        async with self._session(self._reader, _PLATFORM) as session:
            yield session

    @asynccontextmanager
    async def platform_write(self) -> AsyncIterator[AsyncSession]:
        """One transaction over all tenants. For the few who may, see the module."""
        async with self._writing(_PLATFORM) as session:
            yield session

    @asynccontextmanager
    async def _writing(self, scope: str) -> AsyncIterator[AsyncSession]:
        async with self._session(self._writer, scope) as session:
            yield session
            await session.commit()
            announced: list[Event] = session.info.pop(_ANNOUNCED, [])
        if announced:
            for listener in self._listeners:
                await listener(announced)

    @asynccontextmanager
    async def _session(self, engine: AsyncEngine, scope: str) -> AsyncIterator[AsyncSession]:
        if not scope:
            raise TenantViolation("a session needs a tenant")
        async with AsyncSession(
            engine,
            sync_session_class=ScopedSession,
            expire_on_commit=False,
            info={_SCOPE: scope, _AUDIT_KEY: self._audit_key},
        ) as session:
            yield session

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """Everything as it is at one moment, read while others go on writing. For backups only."""
        async with self._reader.connect() as connection:
            if not self.is_sqlite:  # there, any transaction is a snapshot
                await connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    async def forget_deleted(self) -> None:
        """After an erasure: SQLite's write-ahead log still holds what was there before, until it is emptied."""
        if self.is_sqlite:
            async with self._writer.connect() as connection:
                raw = await connection.get_raw_connection()
                assert raw.driver_connection is not None
                await raw.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    async def close(self) -> None:
        """Closes all connections."""
        await self._reader.dispose()
        await self._writer.dispose()


def _sqlite_engine(url: str, *, begin: str, pool_size: int, pragmas: tuple[str, ...] = ()) -> AsyncEngine:
    engine = create_async_engine(
        url, pool_size=pool_size, max_overflow=0, pool_timeout=60, hide_parameters=True, **_JSON
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        # We begin transactions ourselves; the driver's own idea of when to begin is where updates get lost.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=15000")
        _enter_wal_mode(cursor)
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", *pragmas):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _enter_wal_mode(cursor: DBAPICursor) -> None:
    """Switches a new file to WAL, which SQLite refuses at once, whatever the busy timeout, while another process that
    starts at the same time is in there. A write transaction does wait for it, so one is begun between two tries.
    """
    for _ in range(_WAL_TRIES):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("COMMIT")
    cursor.execute("PRAGMA journal_mode=WAL")


def tenant_tables() -> list[str]:
    """Names of all tables whose rows belong to a tenant."""
    return sorted(
        str(mapper.class_.__tablename__)
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, TenantOwned) and issubclass(mapper.class_, Base)
    )


MIGRATIONS = REPOSITORY / "storage" / "migrations"
