"""Password hashing with argon2id, off the event loop."""

import asyncio
import unicodedata
from typing import Final

from pwdlib import PasswordHash

DEMO_PASSWORD = "yingda-demo"  # noqa: S105 - public on purpose, refused outside demo mode
# Stored where no password works: somebody who was reset and has not chosen a new one yet.
NO_PASSWORD: Final = "!"  # noqa: S105 - not one
_HASHER = PasswordHash.recommended()
# Verified in place of a missing account, so that the answer takes equally long and tells nothing.
_NOBODY = _HASHER.hash("nobody has this password")


def normal_form(password: str) -> str:
    """One form for what keyboards and input methods write in several: full-width digits, combined accents."""
    return unicodedata.normalize("NFKC", password)


async def hash_password(password: str) -> str:
    """A fresh salted hash."""
    return await asyncio.to_thread(_HASHER.hash, normal_form(password))


async def password_matches(password: str, stored: str | None) -> bool:
    """Whether a password is right; takes as long when there is nothing to compare with."""
    known = stored if stored and stored != NO_PASSWORD else None
    matches = await asyncio.to_thread(_HASHER.verify, normal_form(password), known or _NOBODY)
    return matches and known is not None
