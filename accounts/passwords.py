"""Password hashing with argon2id, off the event loop."""

import asyncio

from pwdlib import PasswordHash

DEMO_PASSWORD = "yingda-demo"  # noqa: S105 - public on purpose, refused outside demo mode
_HASHER = PasswordHash.recommended()
# Verified in place of a missing account, so that the answer takes equally long and tells nothing.
_NOBODY = _HASHER.hash("nobody has this password")


async def hash_password(password: str) -> str:
    """A fresh salted hash."""
    return await asyncio.to_thread(_HASHER.hash, password)


async def password_matches(password: str, stored: str | None) -> bool:
    """Whether a password is right; takes as long when there is nothing to compare with."""
    matches = await asyncio.to_thread(_HASHER.verify, password, stored or _NOBODY)
    return matches and stored is not None
