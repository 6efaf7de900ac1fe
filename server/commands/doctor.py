"""`yingda doctor`: looks at everything that serving needs, and says what to mend."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import redis.asyncio as redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from core.settings import Settings
from nlu.embedders import ModelFileError, OnnxEmbedder
from server.commands.problems import CommandProblem
from server.commands.serve import check_data_dir
from server.routes.pages import WEB
from storage.db import Database
from storage.migrate import is_at_head


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `advice` is empty when it is well."""

    name: str
    state: str
    advice: str = ""

    @property
    def is_well(self) -> bool:
        return not self.advice


def examine(settings: Settings) -> list[Finding]:
    """Looks at everything; never raises."""
    return asyncio.run(_examine(settings))


async def _examine(settings: Settings) -> list[Finding]:
    checks: list[Callable[[Settings], Awaitable[Finding]]] = [_python, _packages, _data_dir, _database, _redis]
    findings = [await check(settings) for check in [*checks, _encoder, _pages]]
    if settings.demo:
        findings.append(Finding("演示模式", "已打开", "公开密码可登录；生产环境请去掉 YINGDA_DEMO"))
    return findings


async def _python(settings: Settings) -> Finding:
    state = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", state, "" if sys.version_info >= (3, 11) else "请用 Python 3.11 或更新的版本")


async def _packages(settings: Settings) -> Finding:
    missing = []
    for name in ("fastapi", "sqlalchemy", "faiss-cpu", "onnxruntime", "rjieba", "opencc"):
        try:
            version(name)
        except PackageNotFoundError:
            missing.append(name)
    return Finding(
        "依赖", "缺少 " + "、".join(missing) if missing else "齐全", "运行 ./yingda init 重新安装" if missing else ""
    )


async def _data_dir(settings: Settings) -> Finding:
    try:
        check_data_dir(settings.data_dir)
    except CommandProblem as problem:
        return Finding("数据目录", "不可写", str(problem))
    return Finding("数据目录", str(settings.data_dir.absolute()))


async def _database(settings: Settings) -> Finding:
    database = Database(settings.async_database_url())
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    try:
        if await is_at_head(database):
            return Finding("数据库", f"{kind}，结构为最新")
        return Finding("数据库", f"{kind}，结构不是最新", "运行 yingda init")
    except (SQLAlchemyError, OSError) as error:
        return Finding("数据库", f"{kind}，连不上（{type(error).__name__}）", "检查 YINGDA_DATABASE_URL 与数据库服务")
    finally:
        await database.close()


async def _redis(settings: Settings) -> Finding:
    if not settings.redis_url:
        return Finding("Redis", "未设置（单进程不需要）")
    client = redis.Redis.from_url(settings.redis_url, socket_connect_timeout=3)
    try:
        await client.ping()
    except (RedisError, OSError) as error:
        return Finding("Redis", f"连不上（{type(error).__name__}）", "检查 YINGDA_REDIS_URL 与 Redis 服务")
    finally:
        await client.aclose()
    return Finding("Redis", "可用")


async def _encoder(settings: Settings) -> Finding:
    embedder = OnnxEmbedder(settings.encoder_dir)
    try:
        await asyncio.to_thread(embedder.embed, ["怎么退货"])
    except ModelFileError as error:
        return Finding("句向量模型", "不可用", str(error))
    return Finding("句向量模型", embedder.name)


async def _pages(settings: Settings) -> Finding:
    missing = [name for name in ("widget/widget.js", "console/index.html") if not (WEB / name).is_file()]
    if missing:
        return Finding("网页文件", "缺少 " + "、".join(missing), "在 web/ 下运行 npm ci && npm run build")
    return Finding("网页文件", "齐全")
