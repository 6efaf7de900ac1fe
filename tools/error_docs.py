"""Writes docs/errors.md from the code: `python -m tools.error_docs`."""

import importlib

from core.errors import DomainError, all_error_types
from core.settings import REPOSITORY

_HEAD = """# 错误代码

接口的错误是 `application/problem+json`，`code` 稳定，`detail` 按 `Accept-Language` 给中文或英文；
聊天协议的 `error` 帧用同样的 `code`。本页由 `python -m tools.error_docs` 生成，测试保证它与代码一致。

| code | 状态 | 中文 |
|---|---|---|
"""


def every_refusal() -> list[type[DomainError]]:
    """All refusals of the product, whoever defines them."""
    for module in ("server.app", "server.commands.kb"):
        importlib.import_module(module)
    return [kind for kind in all_error_types() if not kind.__module__.startswith("tests")]


def main() -> None:
    rows = "".join(f"| `{kind.code}` | {kind.status} | {kind.zh} |\n" for kind in every_refusal())
    (REPOSITORY / "docs" / "errors.md").write_text(_HEAD + rows, encoding="utf-8")


if __name__ == "__main__":
    main()
