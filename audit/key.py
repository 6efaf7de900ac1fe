"""The key that signs the audit log: in the settings, or in a file that only the server's user can read."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from core.errors import UsageProblem
from core.settings import Settings

_FILE: Final = "audit.key"
_MIN_CHARS: Final = 32


def audit_key(settings: Settings) -> bytes:
    """The installation's key, made at the first start. All processes of an installation must share it.

    Raises:
        UsageProblem: the key is too short, or its file cannot be read.
    """
    text = settings.audit_key.get_secret_value() or _from_file(settings.data_dir)
    if len(text) < _MIN_CHARS:
        raise UsageProblem(f"审计密钥太短：YINGDA_AUDIT_KEY（或 {_FILE}）至少 {_MIN_CHARS} 个字符。")
    return text.encode()


def _from_file(folder: Path) -> str:
    path = folder / _FILE
    if not path.exists():
        _make(path)
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(f"读不了审计密钥 {path}（{error}）。请恢复这个文件，或设置 YINGDA_AUDIT_KEY。") from error


def _make(path: Path) -> None:
    """Writes a new key. Of several processes that start together, the first one's key stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{_FILE}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()
