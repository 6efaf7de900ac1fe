"""Who a contact is: signing keys of a tenant's own server, merges of contacts, and looks at masked fields."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import ID_LENGTH, Base, StrEnumType, TenantOwned, id_column


class KeyAlgorithm(StrEnum):
    """How a key signs; a key has one, and a token that names another is refused."""

    HS256 = "HS256"
    ES256 = "ES256"


class IdentityKey(TenantOwned, Base):
    """A key with which a tenant's server vouches for its visitors in one inbox. Its id is the `kid`."""

    __tablename__ = "identity_keys"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "inbox_id"], ["inboxes.tenant_id", "inboxes.id"], ondelete="CASCADE"),
        Index(None, "tenant_id", "inbox_id"),
    )

    id: Mapped[str] = id_column()
    inbox_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    algorithm: Mapped[KeyAlgorithm] = mapped_column(StrEnumType(KeyAlgorithm))
    material: Mapped[str] = mapped_column(String(1000))  # HS256: the secret, encrypted; ES256: the public key
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class ContactMerge(TenantOwned, Base):
    """An anonymous contact turned out to be a known one: which conversations moved, so that they can move back."""

    __tablename__ = "contact_merges"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "source_id"], ["contacts.tenant_id", "contacts.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "target_id"], ["contacts.tenant_id", "contacts.id"], ondelete="CASCADE"),
        Index(None, "tenant_id", "source_id"),
        Index(None, "tenant_id", "target_id"),
    )

    id: Mapped[str] = id_column()
    source_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    target_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    conversation_ids: Mapped[list[str]]
    merged_by: Mapped[str | None] = mapped_column(String(ID_LENGTH))  # None: a signed identity did it
    merged_at: Mapped[datetime]
    undone_by: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    undone_at: Mapped[datetime | None]


class ContactReveal(TenantOwned, Base):
    """Somebody looked at a masked field, and why."""

    __tablename__ = "contact_reveals"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "contact_id"], ["contacts.tenant_id", "contacts.id"], ondelete="CASCADE"),
        Index(None, "tenant_id", "contact_id"),
    )

    id: Mapped[str] = id_column()
    contact_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    user_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    field: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(500))
    created_at: Mapped[datetime]
