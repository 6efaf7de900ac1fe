"""Fixtures: real databases, a real server on each of them, tenants to act in."""

import asyncio
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
import redis

from core.settings import Settings, limit_compute_threads
from tests.support import LiveServer, TenantAccess

limit_compute_threads()

IS_CI = os.environ.get("CI") == "true"
POSTGRES_URL = os.environ.get("YINGDA_TEST_POSTGRES_URL", "postgresql://127.0.0.1:5432/postgres")
REDIS_URL = os.environ.get("YINGDA_TEST_REDIS_URL", "redis://127.0.0.1:6379/9")


def _missing(what: str) -> None:
    """Without the real part there is no test; CI must have it."""
    if IS_CI:
        pytest.fail(f"{what} is not reachable, and CI must test against it")
    pytest.skip(f"{what} is not reachable here")


def _postgres(statement: str) -> None:
    async def execute() -> None:
        connection = await asyncpg.connect(POSTGRES_URL, timeout=5)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(execute())


@contextmanager
def new_postgres() -> Iterator[str]:
    """An empty PostgreSQL database, dropped afterwards."""
    name = f"yingda_test_{uuid.uuid4().hex[:12]}"
    try:
        _postgres(f"CREATE DATABASE {name}")
    except (OSError, asyncpg.PostgresError, TimeoutError):
        _missing("PostgreSQL")
    yield f"{POSTGRES_URL.rsplit('/', 1)[0]}/{name}"
    _postgres(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL database that tests share."""
    with new_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def own_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database that no other test and no server uses; each engine in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'own.db'}"
        return
    with new_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> str:
    """A reachable Redis."""
    try:
        with redis.Redis.from_url(REDIS_URL, socket_connect_timeout=3) as client:
            client.ping()
    except redis.RedisError:
        _missing("Redis")
    return REDIS_URL


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Each engine in turn; a test that asks for it runs on both."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgres_url")
        return url
    return f"sqlite:///{tmp_path_factory.mktemp('db') / 'yingda.db'}"


@pytest.fixture(scope="session")
def server(
    request: pytest.FixtureRequest, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    """The server: alone on SQLite, with Redis between its parts on PostgreSQL."""
    with_redis = database_url.startswith("postgresql")
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("data"),
        database_url=database_url,
        redis_url=request.getfixturevalue("redis_url") if with_redis else "",
        log_level="warning",
        trusted_proxies="127.0.0.1",  # so that tests of limits can come from other addresses
        _env_file=None,
    )
    with LiveServer(settings) as running:
        yield running


@pytest.fixture(scope="session")
def shop(server: LiveServer) -> TenantAccess:
    """A tenant that all tests share; what they do in it stays in their own conversations."""
    return server.make_tenant()


@pytest.fixture(scope="session")
def agent_token(server: LiveServer, shop: TenantAccess) -> str:
    return server.sign_in(shop.agent)


@pytest.fixture(scope="session")
def agent2_token(server: LiveServer, shop: TenantAccess) -> str:
    return server.sign_in(shop.agent2)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory of a test's own."""
    folder = tmp_path / "var"
    folder.mkdir()
    return folder
