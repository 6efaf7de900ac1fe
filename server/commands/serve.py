"""`yingda serve` and `yingda demo`: the server in the foreground."""

import asyncio
import socket as sockets
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvicorn
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from accounts.founding import offer_setup
from accounts.passwords import DEMO_PASSWORD
from core.logs import configure_logs
from core.settings import Settings
from server.app import create_app
from server.commands.problems import CommandProblem
from server.commands.safety import check_no_demo_accounts, check_secrets
from server.demo.history import seed_history
from server.demo.seed import seed_demo
from server.routes.health import DEMO_ACCOUNTS
from server.services import Services
from storage.migrate import upgrade_to_head

console = Console(stderr=True)


def check_can_serve(settings: Settings) -> None:
    """Refuses early, in a sentence, what would otherwise end in a traceback later."""
    if settings.workers > 1 and not (settings.redis_url and "postgres" in settings.database_url):
        raise CommandProblem(
            "多进程需要 PostgreSQL 与 Redis：请设置 YINGDA_DATABASE_URL=postgresql://… 和 YINGDA_REDIS_URL=redis://…，"
            "或去掉 --workers。"
        )
    check_data_dir(settings.data_dir)
    with sockets.socket(sockets.AF_INET6 if ":" in settings.host else sockets.AF_INET) as probe:
        probe.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise CommandProblem(
                f"{settings.host}:{settings.port} 不能监听（{error.strerror}）。"
                f"如果端口被占用，请换一个：--port {settings.port + 1}"
            ) from error


def check_data_dir(folder: Path) -> None:
    """Makes the data directory and proves that it can be written to."""
    probe = folder / ".write-probe"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise CommandProblem(
            f"数据目录 {folder} 不可写（{error.strerror}）。请改权限，或用 YINGDA_DATA_DIR 指到别的目录。"
        ) from error


def serve(settings: Settings) -> None:
    """Runs the server until Ctrl-C or SIGTERM."""
    check_can_serve(settings)
    if not settings.demo:
        check_secrets(settings)
    if settings.workers > 1:
        print("\n".join(asyncio.run(_prepare(settings))), flush=True)
        uvicorn.run("server.app:create_app", factory=True, workers=settings.workers, **_options(settings))
        return
    _until_stopped(settings, demo=False)


def demo(settings: Settings) -> None:
    """Runs the server with the demo tenant, made on the first run."""
    check_can_serve(settings)
    _until_stopped(settings, demo=True)


def _until_stopped(settings: Settings, *, demo: bool) -> None:
    with (
        suppress(KeyboardInterrupt),  # Ctrl-C is how people stop it, after it has shut down in good order
        asyncio.Runner(loop_factory=uvicorn.Config("", loop="auto").get_loop_factory()) as runner,
    ):
        runner.run(_serve(settings, demo=demo))


async def _prepare(settings: Settings) -> list[str]:
    services = Services.build(settings)
    try:
        await upgrade_to_head(services.database)
        return await _secure(services)
    finally:
        await services.database.close()


async def _secure(services: Services) -> list[str]:
    """Refuses what must not be in production; says how to begin on an empty installation."""
    if services.settings.demo:
        return []
    await check_no_demo_accounts(services.database)
    return setup_lines(await offer_setup(services.database, clock=services.clock), _base_url(services.settings))


def setup_lines(token: str | None, base: str) -> list[str]:
    """What to tell the person at an empty installation; nothing if there is a tenant."""
    if token is None:
        return []
    return [
        "还没有租户。打开这个一次性地址，建立第一个租户和管理员（24 小时内有效；重新启动会换新的）：",
        f"  {base}/console/setup#token={token}",
        "也可以用接口：",
        f"  令牌  {token}",
        f"  POST  {base}/api/v1/setup",
        '  内容  {"token": "…", "tenant": {"slug": "acme", "name": "甲公司"}, '
        '"admin": {"email": "…", "name": "…", "password": "…"}}',
    ]


async def _serve(settings: Settings, *, demo: bool) -> None:
    configure_logs(settings.log_level, settings.log_format)
    services = Services.build(settings)
    await upgrade_to_head(services.database)
    if demo:
        await _prepare_demo(services)
        first_steps = []
    else:
        first_steps = await _secure(services)
    server = _AnnouncingServer(
        uvicorn.Config(create_app(services=services), **_options(settings)),
        services,
        lambda: _welcome(settings, first_steps, demo=demo),
    )
    await server.serve()
    if not server.started:
        sys.exit(1)


async def _prepare_demo(services: Services) -> None:
    tenant = await seed_demo(services.database, clock=services.clock)
    if tenant is None:
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        indexing = progress.add_task("首次运行：建立知识索引", total=None)
        await services.engines.get(tenant.id)
        progress.update(indexing, total=1, completed=1)
        task = progress.add_task("首次运行：载入历史会话", total=1)
        await seed_history(
            services.database,
            tenant.id,
            services.engines,
            clock=services.clock,
            progress=lambda done: progress.update(task, completed=done),
        )


class _AnnouncingServer(uvicorn.Server):
    """Says where to go once it really listens, and lets everybody go before it no longer does."""

    def __init__(self, config: uvicorn.Config, services: Services, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._services = services
        self._announce = announce

    async def startup(self, sockets: list[sockets.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()

    async def shutdown(self, sockets: list[sockets.socket] | None = None) -> None:
        await self._services.drain()
        await super().shutdown(sockets)


def _options(settings: Settings) -> dict[str, Any]:
    return {
        "host": settings.host,
        "port": settings.port,
        "log_level": "warning",
        "log_config": None,  # uvicorn's own handlers would go round our masking
        "access_log": False,  # it would write tokens in query strings into logs
        "ws_per_message_deflate": False,  # doubles the memory of every connection for texts that hardly shrink
        "ws_max_size": 4_194_304,  # larger than what we accept, so that the refusal can say so
        "timeout_graceful_shutdown": 10,
        "server_header": False,
        "proxy_headers": False,  # the application does it, for the proxies that the settings name
    }


def _base_url(settings: Settings) -> str:
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104  # nosec B104 - compared, not bound
    return f"http://{host}:{settings.port}"


def _welcome(settings: Settings, first_steps: list[str], *, demo: bool) -> None:
    base = _base_url(settings)
    lines = [f"应答 Yingda 已启动：{base}"]
    if demo:
        lines += [
            f"  客户聊天  {base}/chat/demo",
            f"  坐席台    {base}/console",
            f"  接口文档  {base}/docs",
            f"  演示账号  {'、'.join(DEMO_ACCOUNTS)}",
            f"  演示密码  {DEMO_PASSWORD}",
        ]
    else:
        lines += [f"  坐席台    {base}/console", *first_steps]
    lines.append("按 Ctrl-C 停止。")
    print("\n".join(lines), flush=True)
