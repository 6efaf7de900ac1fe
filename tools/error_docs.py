"""Writes docs/errors.md from the code: `python -m tools.error_docs`."""

from core.errors import all_error_types
from core.settings import REPOSITORY

_HEAD = """# 错误代码

接口的错误是 `application/problem+json`，`code` 稳定，`detail` 按 `Accept-Language` 给中文或英文；
聊天协议的 `error` 帧用同样的 `code`。本页由 `python -m tools.error_docs` 生成，测试保证它与代码一致。

| code | 状态 | 中文 |
|---|---|---|
"""


def main() -> None:
    import server.app  # noqa: F401 - loads every module that defines a refusal

    rows = "".join(f"| `{kind.code}` | {kind.status} | {kind.zh} |\n" for kind in all_error_types())
    (REPOSITORY / "docs" / "errors.md").write_text(_HEAD + rows, encoding="utf-8")


if __name__ == "__main__":
    main()
