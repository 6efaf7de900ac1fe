"""Which machines a run stands on, and what is done to them."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tools.chaos.machines import OwnPostgres, OwnRedis, OwnServer
from tools.chaos.rehearsal import Fault, Plan, Rehearsal, Result


@dataclass(frozen=True, slots=True)
class Ground:
    """Running machines."""

    name: str
    database_url: str
    servers: tuple[OwnServer, ...]
    faults: tuple[Fault, ...]


@contextmanager
def one_process(*, module: str = "server.cli") -> Iterator[Ground]:
    """One server on SQLite."""
    with tempfile.TemporaryDirectory(prefix="yingda-chaos-") as folder, ExitStack() as stack:
        url = f"sqlite:///{folder}/chaos.db"
        server = _serving(stack, OwnServer(Path(folder), url, module=module))
        server.wait()
        yield Ground("SQLite，一个进程", url, (server,), (_kill(server), _restart(server)))


@contextmanager
def two_machines(*, module: str = "server.cli") -> Iterator[Ground]:
    """Two servers that share a PostgreSQL and a Redis, all our own."""
    with tempfile.TemporaryDirectory(prefix="yingda-chaos-") as folder, ExitStack() as stack:
        postgres, redis = OwnPostgres(), OwnRedis(Path(folder))
        stack.callback(postgres.close)
        postgres.create()
        stack.callback(redis.close)
        redis.start()
        servers = []
        for number in range(2):
            home = Path(folder) / str(number)
            home.mkdir()
            servers.append(_serving(stack, OwnServer(home, postgres.url, redis.url, module=module)))
            servers[-1].wait()
        faults = (
            *(_kill(server) for server in servers),
            Fault("PostgreSQL 崩溃重启", postgres.crash, postgres.start),
            Fault("Redis 崩溃重启", redis.crash, redis.start, seconds=0.5),
        )
        yield Ground("PostgreSQL + Redis，两个进程", postgres.url, tuple(servers), faults)


def rehearse(ground: Ground, plan: Plan) -> Result:
    """Runs a plan on running machines; an empty list of faults means all that the ground offers."""
    plan = replace(plan, faults=plan.faults or ground.faults)
    return asyncio.run(_rehearse(ground, plan))


async def _rehearse(ground: Ground, plan: Plan) -> Result:
    return await Rehearsal(plan, ground.database_url, [server.base_url for server in ground.servers]).run()


def _serving(stack: ExitStack, server: OwnServer) -> OwnServer:
    server.start()
    stack.callback(server.kill)
    return server


def _kill(server: OwnServer) -> Fault:
    def mend() -> None:
        server.start()
        server.wait()

    return Fault("kill -9 服务", server.kill, mend)


def _restart(server: OwnServer) -> Fault:
    def mend() -> None:
        server.start()
        server.wait()

    return Fault("SIGTERM 重启", lambda: (server.stop(), None)[1], mend)
