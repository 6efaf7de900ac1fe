"""Identifiers: opaque to everybody outside, sortable by time inside."""

import secrets

import uuid_utils


def new_id() -> str:
    """A fresh UUIDv7 as 32 hexadecimal characters; later ids sort after earlier ones of the same machine."""
    return uuid_utils.uuid7().hex


def new_secret(prefix: str) -> str:
    """An unguessable token (256 random bits) whose prefix tells people what they are looking at."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"
