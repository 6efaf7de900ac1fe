"""Secrets that must not be in the tree: `python -m tools.secret_scan`, part of `./yingda check`.

A line that only looks like one says why: `secret: <reason>`.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_SKIPPED = {"node_modules", "dist", "models", "var", "__pycache__"}
_SKIPPED_FILES = re.compile(r"requirements.*\.lock|package-lock\.json")
_KNOWN = (
    ("私钥", re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----")),
    ("云密钥", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bLTAI[0-9A-Za-z]{20}\b")),
    ("代码平台令牌", re.compile(r"\bgh[pousr]_[0-9A-Za-z]{36}\b|\bglpat-[\w-]{20}\b|\bxox[abprs]-[\w-]{10,}")),
    ("本系统的令牌", re.compile(r"\byd[a-z]{1,3}_[\w-]{43}\b")),
    ("JWT", re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}")),
    (
        "写死的密钥",
        re.compile(r"(?i)\b\w*(?:secret|api_?key|access_?key)\w*[\"']?\s*[:=]\s*[\"'][0-9A-Za-z+/_-]{32,}={0,2}[\"']"),
    ),
    (
        "带密码的地址",
        re.compile(
            r"\b(?:postgres(?:ql)?|redis|https?)://[\w.-]+:(?!\.\.\.|<|\$|\{|密码|password|yingda)[^@\s/\"'<>]{6,}@"
        ),
    ),
)


def main() -> int:
    """Prints what looks like a secret; the exit status is 1 if anything does."""
    findings = [found for path in files(ROOT) for found in scan(path.relative_to(ROOT).as_posix(), _read(path))]
    print("\n".join(findings) or "没有发现密钥。")
    return 1 if findings else 0


def files(root: Path) -> Iterator[Path]:
    """Text files of the tree that people write."""
    for path in sorted(root.iterdir()):
        is_tools_own = path.is_dir() and path.name.startswith(".") and path.name != ".ci"
        if path.name in _SKIPPED or is_tools_own or path.is_symlink():
            continue
        if path.is_dir():
            yield from files(path)
        elif path.stat().st_size < 2_000_000 and not _SKIPPED_FILES.fullmatch(path.name):
            yield path


def scan(name: str, text: str) -> Iterator[str]:
    """Findings in one file."""
    for number, line in enumerate(text.splitlines(), start=1):
        if "secret: " in line:
            continue
        for kind, form in _KNOWN:
            if form.search(line):
                yield f"{name}:{number}: 像是{kind}，请移出源码"


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="ignore")


if __name__ == "__main__":
    sys.exit(main())
