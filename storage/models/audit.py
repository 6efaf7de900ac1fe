"""The audit log: rows that are only ever added."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import ID_LENGTH, Base, TenantOwned, id_column


class AuditEntry(TenantOwned, Base):
    """One act. The database refuses to change or delete it; `hash` chains it to the entry before (see audit.chain)."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        UniqueConstraint("tenant_id", "seq"),
        Index("ix_audit_entries_action", "tenant_id", "action", "seq"),
        Index("ix_audit_entries_actor", "tenant_id", "actor_id", "seq"),
    )

    id: Mapped[str] = id_column()
    seq: Mapped[int]
    at: Mapped[datetime]
    actor_kind: Mapped[str] = mapped_column(String(16))  # agent, contact, system
    actor_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    action: Mapped[str] = mapped_column(String(64))  # noun.past_participle
    object_kind: Mapped[str] = mapped_column(String(32))
    object_id: Mapped[str | None] = mapped_column(String(128))
    details: Mapped[dict[str, Any]]  # codes and counts, never what somebody wrote
    hash: Mapped[str] = mapped_column(String(64))
    mac: Mapped[str] = mapped_column(String(64))
