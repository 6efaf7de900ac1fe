"""What must not go into production: placeholder secrets, and accounts that the public demo password opens."""

import re
from typing import Final
from urllib.parse import unquote, urlsplit

from accounts.founding import demo_accounts
from core.settings import Settings
from server.commands.problems import CommandProblem
from storage.db import Database

_MIN_SECRET: Final = 32
_PLACEHOLDER: Final = re.compile(
    r"change.?(me|this|it)|placeholder|example|your[-_ ]|dummy|insecure|replace|^<.*>$|^(secret|password|passwd)+$|"
    r"^x+$|^\*+$|(?P<same>.)(?P=same){7}|0123456789|请(修改|替换|设置)",
    re.IGNORECASE,
)


def check_secrets(settings: Settings) -> None:
    """Refuses secrets that somebody copied from an example.

    Raises:
        CommandProblem: which one, and what to do.
    """
    secret = settings.secret_key
    if secret and (len(secret) < _MIN_SECRET or _PLACEHOLDER.search(secret)):
        raise CommandProblem(
            f"YINGDA_SECRET_KEY 太短或是占位值：请换成至少 {_MIN_SECRET} 个随机字符（openssl rand -base64 32），"
            "单机也可以留空，由程序生成。"
        )
    for name, url in (("YINGDA_DATABASE_URL", settings.database_url), ("YINGDA_REDIS_URL", settings.redis_url)):
        password = unquote(urlsplit(url).password or "")
        if password and _PLACEHOLDER.search(password):
            raise CommandProblem(f"{name} 里的密码是占位值：请换成真正的密码。")


async def check_no_demo_accounts(database: Database) -> None:
    """Refuses to serve while the public demo password opens an account.

    Raises:
        CommandProblem: whose, and what to do.
    """
    if accounts := await demo_accounts(database):
        emails = "、".join(user.email for user in accounts)
        raise CommandProblem(
            f"{emails} 仍可用公开的演示密码登录。正式使用请先停用：yingda tenant disable-demo；"
            "只想看演示请用 yingda demo。"
        )
