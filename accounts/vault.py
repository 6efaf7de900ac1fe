"""Secrets that must be read again (authenticators, signing keys), encrypted with a key that is not in the database."""

import base64
import hashlib
import os
from functools import cached_property
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from accounts.errors import SecretUnreadable
from core.settings import Settings

KEY_FILE: Final = "secret.key"
_NONCE: Final = 12


class Vault:
    """Encrypts and decrypts. What was sealed for one place cannot be opened as another's."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _cipher(self) -> AESGCM:
        """With the operator's key, or with one kept in the data directory, made when it is first needed."""
        secret = self._settings.secret_key or _own_key(self._settings.data_dir)
        return AESGCM(hashlib.sha256(b"yingda-vault\0" + secret.encode()).digest())

    def seal(self, text: str, place: str) -> str:
        """The text, encrypted for a place (such as `second_factor:<user>`)."""
        nonce = os.urandom(_NONCE)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), place.encode())).decode()

    def unseal(self, sealed: str, place: str) -> str:
        """The text again.

        Raises:
            SecretUnreadable: tampered with, moved from another place, or sealed with another key.
        """
        raw = base64.b64decode(sealed)
        try:
            return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], place.encode()).decode()
        except InvalidTag as error:
            raise SecretUnreadable from error


def _own_key(folder: Path) -> str:
    path = folder / KEY_FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".{KEY_FILE}.{os.urandom(8).hex()}"
        draft.touch(mode=0o600)
        draft.write_text(base64.b64encode(os.urandom(32)).decode())
        try:
            path.hardlink_to(draft)  # of several processes that start at once, one wins and all read the same
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
