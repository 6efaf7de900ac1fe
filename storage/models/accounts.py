"""Tenants, the people who work for them, and the tokens that prove who is asking."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import ID_LENGTH, Base, StrEnumType, TenantOwned, id_column


class Role(StrEnum):
    """The built-in roles; what each may do stands in accounts.permissions."""

    OPERATOR = "operator"
    ADMIN = "admin"
    SUPERVISOR = "supervisor"
    AGENT = "agent"
    EDITOR = "editor"
    ANALYST = "analyst"
    READ_ONLY = "read_only"


class Presence(StrEnum):
    ONLINE = "online"
    BUSY = "busy"
    AWAY = "away"
    OFFLINE = "offline"


class Tenant(Base):
    """One company that runs its service on this installation."""

    __tablename__ = "tenants"

    id: Mapped[str] = id_column()
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    settings: Mapped[dict[str, Any]]
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class User(TenantOwned, Base):
    """A person who signs in to the console: an agent, an editor, an administrator."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("tenant_id", "email"), UniqueConstraint("tenant_id", "id"), Index(None, "email"))

    id: Mapped[str] = id_column()
    email: Mapped[str] = mapped_column(String(254))  # stored lower-case
    name: Mapped[str] = mapped_column(String(80))
    role: Mapped[str] = mapped_column(String(32))  # a built-in role's name or a custom role's id
    password_hash: Mapped[str] = mapped_column(String(255))  # not a hash (see accounts.passwords): no password works
    password_changed_at: Mapped[datetime | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    presence: Mapped[Presence] = mapped_column(StrEnumType(Presence), default=Presence.ONLINE)  # chosen, not observed
    seen_at: Mapped[datetime | None]  # renewed while a console is connected; older than the lease means offline
    created_at: Mapped[datetime]


class AccessToken(TenantOwned, Base):
    """A signed-in console. Only the hash is kept, so the table gives nobody a way in."""

    __tablename__ = "access_tokens"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"),
        Index(None, "tenant_id", "user_id"),
    )

    id: Mapped[str] = id_column()
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    client: Mapped[str] = mapped_column(String(200), default="", server_default="")  # the browser's name of itself
    address: Mapped[str] = mapped_column(String(64), default="", server_default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
