"""What grants access besides a session: custom roles, links, API keys, second factors; and what slows guessing down."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import ID_LENGTH, Base, TenantOwned, id_column


class CustomRole(TenantOwned, Base):
    """A role that a tenant made of permissions. `users.role` holds its id."""

    __tablename__ = "custom_roles"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    id: Mapped[str] = id_column()
    name: Mapped[str] = mapped_column(String(80))
    permissions: Mapped[list[str]]
    created_at: Mapped[datetime]


class PasswordLink(TenantOwned, Base):
    """A link that works once and lets a member choose a password: an invitation, or a reset by an administrator."""

    __tablename__ = "password_links"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"),
        Index(None, "tenant_id", "user_id"),
    )

    id: Mapped[str] = id_column()
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    created_by: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ApiKey(TenantOwned, Base):
    """A program's way in: acts as the member who made it, within its scopes. Only the hash is kept."""

    __tablename__ = "api_keys"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"),
        Index(None, "tenant_id", "user_id"),
    )

    id: Mapped[str] = id_column()
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    name: Mapped[str] = mapped_column(String(80))
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class SecondFactor(TenantOwned, Base):
    """A member's authenticator app. It counts from its confirmation on."""

    __tablename__ = "second_factors"
    __table_args__ = (
        UniqueConstraint("tenant_id", "user_id"),
        ForeignKeyConstraint(["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"),
    )

    id: Mapped[str] = id_column()
    user_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    secret: Mapped[str] = mapped_column(String(400))  # encrypted, see accounts.vault
    last_step: Mapped[int] = mapped_column(
        default=0
    )  # the newest time step whose code was used; older ones are refused
    confirmed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class RecoveryCode(TenantOwned, Base):
    """Stands in once for a lost authenticator."""

    __tablename__ = "recovery_codes"
    __table_args__ = (
        UniqueConstraint("tenant_id", "user_id", "code_hash"),
        ForeignKeyConstraint(["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"),
    )

    id: Mapped[str] = id_column()
    user_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]


class SignInAttempt(Base):
    """Tries to sign in that have not succeeded, by what is tried from where. The key is a hash and names nobody."""

    __tablename__ = "sign_in_attempts"

    id: Mapped[str] = id_column()
    failures: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(index=True)


class SetupToken(Base):
    """Lets somebody make the first tenant of an empty installation, once."""

    __tablename__ = "setup_tokens"

    id: Mapped[str] = id_column()
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
