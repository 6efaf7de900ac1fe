"""House rules that no ready-made linter knows: `python -m tools.rules`. Part of `./yingda check`.

A line that must break a rule says why: `# rule: <name> - reason`.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "accounts", "analytics", "audit", "channels", "core", "dialog", "eval", "handoff", "inbox", "kb_ingest", "nlu",
    "privacy", "realtime", "retrieval", "server", "storage",
)  # fmt: skip
MAX_LINES = 450

# Who may see all tenants, and why.
PLATFORM_ACCESS = {
    "accounts/founding.py": "makes tenants, the first one of an empty installation too",
    "accounts/links.py": "a link says whose tenant it is",
    "accounts/service.py": "finding and making tenants happen before a tenant is known",
    "accounts/sign_in.py": "signing in happens before a tenant is known",
    "accounts/throttle.py": "tries to sign in belong to no tenant",
    "accounts/tokens.py": "a token says whose tenant it is",
    "audit/anchor.py": "the heads of all tenants are anchored together",
    "inbox/contacts.py": "a site key says whose tenant it is",
    "server/engines.py": "warms up the engines of all tenants at start",
    "server/idempotency.py": "keyed requests belong to no tenant",
    "server/routes/health.py": "readiness asks whether the database answers",
    "storage/outbox.py": "jobs of all tenants are due together",
    "storage/tenants.py": "lists the tenants, for work done for each of them",
    "storage/db.py": "defines it",
}
_LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
_PAGE_ROW = re.compile(r"^\| (`[^|]+) \|", re.MULTILINE)  # the first column of a package page's table
_NAMED = re.compile(r"`([^`]+)`")
WAYS_ROUND = ("create_async_engine", "create_engine", "async_sessionmaker", "text")


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken rule."""

    place: str
    rule: str
    advice: str


def main() -> int:
    """Prints what is broken; the exit status is the number of findings, at most 1."""
    findings = list(check_tree(ROOT))
    for found in findings:
        print(f"{found.place}: [{found.rule}] {found.advice}")
    print(f"{len(findings)} 处违反项目规则。" if findings else "项目规则全部满足。")
    return 1 if findings else 0


def check_tree(root: Path) -> Iterator[Finding]:
    """All findings in a checkout."""
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            yield from check_source(name, path.read_text(encoding="utf-8"))
    yield from check_docs(root)


def check_docs(root: Path) -> Iterator[Finding]:
    """Findings in the documentation: dead links, packages without a page, pages that name files which are gone."""
    pages = [*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))]
    for page in pages:
        for target in _LINK.findall(page.read_text(encoding="utf-8")):
            if "://" not in target and not (page.parent / target).exists():
                yield Finding(page.relative_to(root).as_posix(), "dead-link", f"{target} is not there")
    for package in PACKAGES:
        page = root / "docs" / "packages" / f"{package}.md"
        if not page.exists():
            yield Finding(
                package, "package-page", f"write docs/packages/{package}.md: its job, its way in, why it is so"
            )
            continue
        for row in _PAGE_ROW.findall(page.read_text(encoding="utf-8")):
            for name in _NAMED.findall(row):
                if not (root / package / name).exists():
                    yield Finding(f"docs/packages/{package}.md", "package-page", f"{package}/{name} is not there")


def check_source(name: str, source: str) -> Iterator[Finding]:
    """Findings in one file; `name` is its path in the checkout."""
    lines = source.splitlines()
    if len(lines) > MAX_LINES and "/migrations/" not in name:
        yield Finding(name, "long-module", f"{len(lines)} lines; split it (limit {MAX_LINES})")
    tree = ast.parse(source)
    if not ast.get_docstring(tree) and not name.endswith("__init__.py") and "/versions/" not in name:
        yield Finding(name, "module-docstring", "say in a sentence what the module is for")
    for node in ast.walk(tree):
        for rule, advice in _broken(name, node):
            line = getattr(node, "lineno", 1)
            if not re.search(rf"# rule: {rule} - \S", lines[line - 1]):
                yield Finding(f"{name}:{line}", rule, advice)


def _broken(name: str, node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Call):
        called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        makes_rows = called == "Message" or (called == "add_rows" and "Message" in ast.unparse(node))
        if makes_rows and name != "inbox/messages.py":
            yield "one-writer", "only inbox.messages.record_messages makes message rows"
        if called in {"platform_read", "platform_write"} and name not in PLATFORM_ACCESS:
            yield "platform-access", "use Database.read/write of a tenant, or justify it in tools/rules.py"
        if called in {"print"} and not name.startswith(("server/commands/", "retrieval/encoder_build/")):
            yield "no-print", "use core.logs"
        if called in {"utcnow", "today"} or (called == "now" and not _is_clock(node)):
            yield "clock", "take the time from a core.clock.Clock"
    if name.startswith("storage/"):
        return
    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
        for alias in node.names:
            if alias.name in WAYS_ROUND:
                yield "one-query-way", f"{alias.name} goes round the tenant session; only storage/ may"
    if isinstance(node, ast.Attribute) and node.attr in {"connection", "get_bind", "bind"} and _is_session(node):
        yield "one-query-way", "a raw connection goes round the tenant session; only storage/ may"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "AsyncSession":
        yield "one-query-way", "sessions come from Database.read/write"


def _is_clock(node: ast.Call) -> bool:
    """`clock.now()`, `self._clock.now()`, `services.clock.now()`, `past.now()` — anything but datetime's own."""
    return not (
        isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"datetime", "date"}
    )


def _is_session(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "session"


if __name__ == "__main__":
    sys.exit(main())
