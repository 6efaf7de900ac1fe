"""The second step of signing in: six digits of an authenticator app (TOTP), or a recovery code, each good for once."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final

import pyotp
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.errors import SecondFactorActive, SecondFactorMissing, SecondFactorWrong
from accounts.vault import Vault
from core.clock import Clock
from core.ids import new_id
from storage.models import RecoveryCode, SecondFactor

_STEP: Final = 30  # seconds
_CODES: Final = 10
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # no letters that look alike on paper
_ISSUER: Final = "应答"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs; `uri` is what its QR code says."""

    secret: str
    uri: str


async def has_second_factor(session: AsyncSession, user_id: str) -> bool:
    """Whether a member has confirmed an authenticator."""
    factor = await session.scalar(
        select(SecondFactor.id).where(SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_not(None))
    )
    return factor is not None


async def start_enrolment(session: AsyncSession, user_id: str, email: str, vault: Vault, *, clock: Clock) -> Enrolment:
    """A new secret, which counts only once a code of it has been confirmed.

    Raises:
        SecondFactorActive: there is a confirmed one.
    """
    factor = await _locked(session, user_id)
    if factor is not None and factor.confirmed_at is not None:
        raise SecondFactorActive
    if factor is not None:
        await session.delete(factor)
        await session.flush()
    secret = pyotp.random_base32()
    session.add(
        SecondFactor(
            id=new_id(),
            user_id=user_id,
            secret=vault.seal(secret, _place(user_id)),
            last_step=0,
            confirmed_at=None,
            created_at=clock.now(),
        )
    )
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=_ISSUER))


async def confirm_enrolment(session: AsyncSession, user_id: str, code: str, vault: Vault, *, clock: Clock) -> list[str]:
    """Turns the second step on; returns the recovery codes, which exist nowhere else from now on.

    Raises:
        SecondFactorMissing, SecondFactorActive: nothing was started, or it is on already.
        SecondFactorWrong: the code is not right.
    """
    factor = await _locked(session, user_id)
    if factor is None:
        raise SecondFactorMissing
    if factor.confirmed_at is not None:
        raise SecondFactorActive
    _use_totp(factor, code, vault, clock)
    factor.confirmed_at = clock.now()
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(16)) for _ in range(_CODES)]
    session.add_all(
        RecoveryCode(id=new_id(), user_id=user_id, code_hash=_hash(user_id, code), used_at=None) for code in codes
    )
    return ["-".join(code[at : at + 4] for at in range(0, 16, 4)) for code in codes]


async def use_code(session: AsyncSession, user_id: str, code: str, vault: Vault, *, clock: Clock) -> None:
    """Accepts a code of the authenticator or a recovery code, and never the same one again.

    Raises:
        SecondFactorWrong: neither, or used already.
    """
    factor = await _locked(session, user_id)
    if factor is None:
        raise SecondFactorWrong
    code = "".join(code.split()).replace("-", "").lower()
    if code.isdigit():
        _use_totp(factor, code, vault, clock)
        return
    used = await session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user_id,
            RecoveryCode.code_hash == _hash(user_id, code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=clock.now())
        .returning(RecoveryCode.id)
    )
    if used.scalar_one_or_none() is None:
        raise SecondFactorWrong


async def remove_second_factor(session: AsyncSession, user_id: str) -> None:
    """Turns the second step off; harmless if it is off."""
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    await session.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))


def _use_totp(factor: SecondFactor, code: str, vault: Vault, clock: Clock) -> None:
    totp = pyotp.TOTP(vault.unseal(factor.secret, _place(factor.user_id)))
    now = int(clock.now().timestamp()) // _STEP
    for step in (now - 1, now, now + 1):  # phones' clocks are a little off
        if step > factor.last_step and hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()):
            factor.last_step = step
            return
    raise SecondFactorWrong


async def _locked(session: AsyncSession, user_id: str) -> SecondFactor | None:
    factor: SecondFactor | None = await session.scalar(
        select(SecondFactor).where(SecondFactor.user_id == user_id).with_for_update()
    )
    return factor


def _hash(user_id: str, code: str) -> str:
    """A plain hash is enough: a code has almost 80 random bits and cannot be guessed from it."""
    return hashlib.sha256(f"{user_id}\0{code}".encode()).hexdigest()


def _place(user_id: str) -> str:
    return f"second_factor:{user_id}"
