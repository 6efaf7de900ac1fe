"""Signed identity: a tenant's own server vouches for who a visitor is, with a JSON Web Token.

A key belongs to one inbox and has one algorithm. A token names its key (`kid`), is meant for one site (`aud` is the
site key), and lives a day at most (`exp`). Everything about it that we do not expect is refused, alike.
"""

import base64
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.vault import Vault
from core.clock import Clock
from core.errors import NotFound
from core.ids import new_id
from core.logs import get_logger
from inbox.errors import IdentityInvalid, KeyUnusable, TooManyKeys
from storage.models import IdentityKey, Inbox, KeyAlgorithm

log = get_logger(__name__)

LONGEST_LIFE: Final = timedelta(hours=24)
_LEEWAY: Final = timedelta(seconds=60)  # servers' clocks are a little off
_MAX_SUBJECT: Final = 180
_MAX_KEYS: Final = 10
_HEADER: Final = frozenset({"alg", "kid", "typ"})


@dataclass(frozen=True, slots=True)
class SignedIdentity:
    """Who the tenant says its visitor is."""

    subject: str
    name: str | None
    attributes: dict[str, str]

    @property
    def external_id(self) -> str:
        """Apart from the names that other channels give to contacts of the same inbox."""
        return f"signed:{self.subject}"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A fresh key; for HS256 the secret, which exists nowhere else in readable form from now on."""

    row: IdentityKey
    secret: str | None


class _Refused(Exception):
    """Why a token is not accepted: for the log, not for whoever sent it."""


def requires_identity(inbox: Inbox) -> bool:
    """Whether an inbox admits only visitors whom the tenant vouches for."""
    return bool(inbox.settings.get("identity") == "required")


async def find_inbox(session: AsyncSession, inbox_id: str) -> Inbox:
    """An inbox of the session's tenant; raises NotFound."""
    inbox = await session.get(Inbox, inbox_id)
    if inbox is None:
        raise NotFound
    return inbox


async def list_keys(session: AsyncSession, inbox_id: str) -> list[IdentityKey]:
    """Keys of an inbox that are not revoked, oldest first."""
    query = select(IdentityKey).where(IdentityKey.inbox_id == inbox_id, IdentityKey.revoked_at.is_(None))
    return list(await session.scalars(query.order_by(IdentityKey.created_at, IdentityKey.id)))


async def create_key(
    session: AsyncSession, inbox_id: str, algorithm: KeyAlgorithm, public_key: str | None, vault: Vault, *, clock: Clock
) -> NewKey:
    """A key for an inbox. ES256 takes the tenant's public key (PEM, P-256); HS256 makes a secret.

    Raises:
        NotFound: no such inbox.
        KeyUnusable: no P-256 public key where one is needed, or one where none is.
        TooManyKeys: ten that are not revoked.
    """
    inbox = await find_inbox(session, inbox_id)
    count = select(func.count()).select_from(IdentityKey)
    if (await session.scalar(count.where(IdentityKey.inbox_id == inbox.id, IdentityKey.revoked_at.is_(None))) or 0) >= (
        _MAX_KEYS
    ):
        raise TooManyKeys(limit=_MAX_KEYS)
    key_id, secret = new_id(), None
    if algorithm is KeyAlgorithm.ES256:
        material = _check_public_key(public_key)
    else:
        if public_key is not None:
            raise KeyUnusable
        secret = secrets.token_urlsafe(32)
        material = vault.seal(secret, _place(key_id))
    row = IdentityKey(
        id=key_id,
        inbox_id=inbox.id,
        algorithm=algorithm,
        material=material,
        created_at=clock.now(),
        revoked_at=None,
    )
    session.add(row)
    await session.flush()
    return NewKey(row, secret)


async def revoke_key(session: AsyncSession, inbox_id: str, key_id: str, *, clock: Clock) -> None:
    """Tokens of this key are refused from now on; raises NotFound."""
    query = select(IdentityKey).where(IdentityKey.id == key_id, IdentityKey.inbox_id == inbox_id)
    row = await session.scalar(query.where(IdentityKey.revoked_at.is_(None)))
    if row is None:
        raise NotFound
    row.revoked_at = clock.now()


def verify_identity(
    token: str, keys: Sequence[IdentityKey], site_key: str, vault: Vault, *, clock: Clock
) -> SignedIdentity:
    """Who a token speaks of. `keys` are those of the site's inbox.

    Raises:
        IdentityInvalid: whatever is wrong with it; the log says what.
    """
    try:
        return _verify(token, {key.id: key for key in keys}, site_key, vault, clock)
    except _Refused as refused:
        log.info("identity_refused", site_key=site_key, reason=str(refused))
        raise IdentityInvalid from refused


def _verify(token: str, keys: Mapping[str, IdentityKey], site_key: str, vault: Vault, clock: Clock) -> SignedIdentity:
    parts = token.split(".")
    if len(parts) != 3:
        raise _Refused("not three parts")
    header = _json_object(_decode(parts[0]))
    if not set(header) <= _HEADER:
        raise _Refused("unexpected header")
    key = keys.get(header["kid"]) if isinstance(header.get("kid"), str) else None
    if key is None:
        raise _Refused("no such key in this inbox")
    if header.get("alg") != str(key.algorithm):
        raise _Refused("not the key's algorithm")
    try:
        verified = jws.deserialize_compact(token.encode(), _jose_key(key, vault), algorithms=[str(key.algorithm)])
    except (JoseError, ValueError, TypeError) as error:
        raise _Refused("signature") from error
    return _identity(_json_object(verified.payload), site_key, clock)


def _identity(claims: dict[str, Any], site_key: str, clock: Clock) -> SignedIdentity:
    now = clock.now().timestamp()
    if claims.get("aud") not in (site_key, [site_key]):
        raise _Refused("another audience")
    expires = _moment(claims, "exp")
    if expires is None or expires <= now:
        raise _Refused("expired, or lives for ever")
    if expires > now + LONGEST_LIFE.total_seconds() + _LEEWAY.total_seconds():
        raise _Refused("lives too long")
    for name in ("nbf", "iat"):
        begins = _moment(claims, name)
        if begins is not None and begins > now + _LEEWAY.total_seconds():
            raise _Refused(f"{name} in the future")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _MAX_SUBJECT or not subject.isprintable():
        raise _Refused("no usable subject")
    described = {name: _text(claims, name) for name in ("name", "email", "phone")}
    kept = {name: value for name, value in described.items() if value and name != "name"}
    return SignedIdentity(subject, described["name"], {**kept, "external_id": subject})


def _moment(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None and name not in claims:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Refused(f"{name} is no number")
    return float(value)


def _text(claims: dict[str, Any], name: str) -> str | None:
    value = claims.get(name)
    if value is not None and not isinstance(value, str):
        raise _Refused(f"{name} is no text")
    return value


def _json_object(raw: bytes) -> dict[str, Any]:
    """A JSON object that means one thing: no name twice, no NaN."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise _Refused("a name twice")
        return dict(pairs)

    def refuse(constant: str) -> None:
        raise _Refused(f"{constant} is no number")

    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=once, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise _Refused("no JSON") from error
    if not isinstance(value, dict):
        raise _Refused("no JSON object")
    return value


def _decode(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise _Refused("no base64url") from error


def _jose_key(key: IdentityKey, vault: Vault) -> OctKey | ECKey:
    if key.algorithm is KeyAlgorithm.ES256:
        return ECKey.import_key(key.material)
    return OctKey.import_key(vault.unseal(key.material, _place(key.id)))


def _check_public_key(pem: str | None) -> str:
    try:
        key = ECKey.import_key(pem or "")
    except (JoseError, ValueError, TypeError) as error:
        raise KeyUnusable from error
    if key.is_private or key.curve_name != "P-256":
        raise KeyUnusable
    return key.as_pem(private=False).decode()


def _place(key_id: str) -> str:
    return f"identity_key:{key_id}"
