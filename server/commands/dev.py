"""`yingda check`, `yingda test` and `yingda chaos`: what a contributor and CI run."""

import os
import subprocess
import sys

from core.settings import REPOSITORY
from tools.rules import PACKAGES

_CHECKS = (
    ("格式", ("ruff", "format", "--check", ".")),
    ("规范", ("ruff", "check", ".")),
    ("类型", ("mypy",)),
    ("导入方向", ("lint-imports", "--config", ".importlinter")),
    ("项目规则", ("tools.rules",)),
    ("静态安全", ("bandit", "--quiet", "--severity-level", "medium", "--recursive", *PACKAGES)),
    ("依赖", ("tools.dependencies",)),
    ("密钥", ("tools.secret_scan",)),
)


def check() -> int:
    """Format, lint, types, import rules, house rules; returns the number of checks that failed."""
    failed = 0
    for name, (tool, *arguments) in _CHECKS:
        print(f"── {name}", flush=True)
        failed += _run(tool, arguments) != 0
    return failed


def test(arguments: list[str]) -> int:
    """Runs pytest with our arguments; returns its exit status."""
    return _run("pytest", arguments)


def chaos(arguments: list[str]) -> int:
    """Runs the fault injection; returns its exit status."""
    return _run("tools.chaos", arguments)


def _run(tool: str, arguments: list[str]) -> int:
    modules = {"lint-imports": ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]}
    command = [sys.executable, *modules.get(tool, ["-m", tool]), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(command, cwd=REPOSITORY, env=environment, check=False).returncode  # noqa: S603 - our tools
