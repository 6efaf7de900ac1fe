"""Each house rule catches what it is there for, and lets good code be."""

from pathlib import Path

import pytest

from core.settings import REPOSITORY
from tools.rules import PACKAGES, check_docs, check_source, check_tree

BROKEN = [
    ("server/x.py", "Message(id=1)", "one-writer"),
    ("inbox/x.py", "models.Message(id=1)", "one-writer"),
    ("inbox/x.py", "add_rows(session, Message, rows)", "one-writer"),
    ("server/x.py", "async def f(db):\n    async with db.platform_write() as s: pass", "platform-access"),
    ("inbox/x.py", "from sqlalchemy import text", "one-query-way"),
    ("inbox/x.py", "from sqlalchemy.ext.asyncio import create_async_engine", "one-query-way"),
    ("inbox/x.py", "AsyncSession(engine)", "one-query-way"),
    ("handoff/x.py", "await session.connection()", "one-query-way"),
    ("nlu/x.py", "print('hello')", "no-print"),
    ("inbox/x.py", "datetime.now(UTC)", "clock"),
    ("inbox/x.py", "date.today()", "clock"),
    ("inbox/x.py", "x = 1\n" * 451, "long-module"),
]


class TestRules:
    @pytest.mark.parametrize(("name", "code", "rule"), BROKEN)
    def test_broken_rule_is_found(self, name: str, code: str, rule: str) -> None:
        source = '"""Doc."""\n' + (f"async def g(session):\n    {code}" if code.startswith("await") else code)
        assert rule in [found.rule for found in check_source(name, source)]

    def test_module_without_docstring_is_found(self) -> None:
        assert [found.rule for found in check_source("core/x.py", "x = 1")] == ["module-docstring"]

    def test_exception_needs_a_reason(self) -> None:
        line = '"""Doc."""\nprint("x")  # rule: no-print -'
        assert [found.rule for found in check_source("core/x.py", line)] == ["no-print"]
        assert list(check_source("core/x.py", line + " start-up banner")) == []

    def test_dead_links_and_missing_pages_are_found(self, tmp_path: Path) -> None:
        pages = tmp_path / "docs" / "packages"
        pages.mkdir(parents=True)
        (tmp_path / "README.md").write_text(
            "[有](docs/packages/core.md#why)、[没有](docs/gone.md)、[外](https://a.example)"
        )
        (pages / "core.md").write_text("# core\n\n| 从哪里看起 | 内容 |\n|---|---|\n| `clock.py` | 时间 |\n")
        found = {(one.rule, one.place) for one in check_docs(tmp_path)}
        assert ("dead-link", "README.md") in found
        assert ("package-page", "docs/packages/core.md") in found
        assert ("package-page", "inbox") in found
        (tmp_path / "core").mkdir()
        (tmp_path / "core" / "clock.py").touch()
        (tmp_path / "docs" / "gone.md").touch()
        assert {one.rule for one in check_docs(tmp_path)} == {"package-page"}
        assert "docs/packages/core.md" not in {one.place for one in check_docs(tmp_path)}

    def test_the_house_keeps_its_rules(self) -> None:
        assert list(check_tree(REPOSITORY)) == []

    @pytest.mark.parametrize("package", PACKAGES)
    def test_package_names_resolve_to_this_checkout(self, package: str) -> None:
        module = __import__(package)
        assert Path(str(module.__file__)).is_relative_to(REPOSITORY)
