"""What the operator may set, by environment variable or in `.env`. docs/settings.md lists it; a test compares."""

import os
from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

REPOSITORY = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Read once at start and passed in. What a tenant may change for itself is data, not a setting."""

    model_config = SettingsConfigDict(env_prefix="YINGDA_", env_file=".env", extra="ignore")

    data_dir: Path = Field(Path("var"), description="数据目录：SQLite 数据库与可重建的索引缓存")
    database_url: str = Field("", description="数据库地址；留空用数据目录里的 SQLite，规模化用 postgresql://…")
    secret_key: str = Field(
        "", description="加密存储机密的密钥，至少 32 个字符；留空则在数据目录生成 secret.key，多机部署必须设置且相同"
    )
    redis_url: str = Field("", description="Redis 地址；留空为单进程，设置后可多进程、多机部署")
    host: str = Field("127.0.0.1", description="监听地址")
    port: int = Field(8000, ge=1, le=65535, description="监听端口")
    workers: int = Field(1, ge=1, le=64, description="服务进程数；大于 1 时需要 PostgreSQL 与 Redis")
    demo: bool = Field(False, description="演示模式：载入演示租户并允许公开的演示密码；切勿用于生产")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="日志级别")
    log_format: Literal["console", "json"] = Field("json", description="日志格式：json 便于采集，console 便于阅读")
    session_hours: int = Field(12, ge=1, le=720, description="坐席登录的有效小时数")
    visitor_days: int = Field(180, ge=1, le=3650, description="客户身份令牌的有效天数，每次打开聊天顺延")
    max_message_chars: int = Field(10_000, ge=100, le=100_000, description="一条消息的最大字数")
    max_upload_mb: int = Field(50, ge=1, le=1000, description="上传文件的最大兆字节数")
    rate_limits: bool = Field(True, description="是否限制请求频率（本机来的不限；没登记代理时内网来的也不限）")
    trusted_proxies: str = Field(
        "", description="反向代理的地址或网段，逗号分隔；只信它们给的 X-Forwarded-For，留空则一律不信"
    )
    console_origins: str = Field(
        "", description="允许坐席连接 WebSocket 的网页来源，逗号分隔，如 https://kf.example.com；留空不限"
    )
    messages_per_second: float = Field(
        60.0, ge=0, description="一个连接平均每秒可发送的消息数，瞬间可多发三倍；0 为不限"
    )
    connections_per_person: int = Field(20, ge=0, description="一个人在每个进程上可同时打开的长连接数；0 为不限")
    connections_per_address: int = Field(
        1000, ge=0, description="一个网络地址在每个进程上可同时打开的长连接数；0 为不限"
    )
    drain_seconds: float = Field(
        0.0, ge=0, le=300, description="停机时先让 /readyz 变假、继续服务的秒数，等负载均衡把流量移走"
    )
    encoder_dir: Path = Field(
        REPOSITORY / "data" / "models" / "encoder", description="句向量模型目录；默认用随源码提供的模型"
    )
    audit_key: SecretStr = Field(
        SecretStr(""),
        description="审计日志的签名密钥（至少 32 字符）；留空用数据目录里自动生成的 audit.key，多机部署须各机一致",
    )
    answer_threads: int = Field(2, ge=1, le=64, description="计算答案的线程数，通常等于 CPU 核数")

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        scheme = url.partition("://")[0]
        if url and scheme not in {"sqlite", "sqlite+aiosqlite", "postgresql", "postgresql+asyncpg", "postgres"}:
            raise ValueError("YINGDA_DATABASE_URL 只支持 sqlite:///… 与 postgresql://…")
        return url

    @field_validator("trusted_proxies")
    @classmethod
    def _known_networks(cls, text: str) -> str:
        for part in _listed(text):
            try:
                ip_network(part, strict=False)
            except ValueError as error:
                raise ValueError(f"YINGDA_TRUSTED_PROXIES 里的 {part} 不是地址或网段") from error
        return text

    @property
    def trusted_proxy_list(self) -> list[str]:
        """Addresses and networks of reverse proxies."""
        return _listed(self.trusted_proxies)

    @property
    def console_origin_list(self) -> list[str]:
        """Origins from which agents may connect; empty: any."""
        return _listed(self.console_origins)

    def async_database_url(self) -> str:
        """The URL with the driver that we ship for it."""
        url = self.database_url or f"sqlite:///{(self.data_dir / 'yingda.db').absolute()}"
        scheme, _, rest = url.partition("://")
        driver = "sqlite+aiosqlite" if scheme.startswith("sqlite") else "postgresql+asyncpg"
        return f"{driver}://{rest}"


def _listed(text: str) -> list[str]:
    return [part.strip().rstrip("/") if "://" in part else part.strip() for part in text.split(",") if part.strip()]


def limit_compute_threads() -> None:
    """One thread a call: FAISS, OpenBLAS and ONNX Runtime each bring a pool, and together they fight for the cores.

    Must run before numpy or faiss is imported; parallelism comes from answering several questions at once.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
