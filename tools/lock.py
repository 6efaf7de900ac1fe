"""Writes the hashed, universal lock files from pyproject.toml: `python -m tools.lock` (needs uv).

They hold no registry address, so that plain pip installs them from whichever registry it is set up for.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_COMMON = (
    "--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate",
    "--no-emit-index-url", "--no-emit-find-links", "--quiet",
)  # fmt: skip


def main() -> None:
    _compile("requirements.lock")
    # The test tools on top of exactly the versions that users run.
    _compile("requirements-test.lock", "--extra", "test", "--constraint", "requirements.lock")


def _compile(out: str, *options: str) -> None:
    command = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", *_COMMON, *options, "-o", out]
    subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
