"""Work that must follow a committed change, kept in the same transaction as the change itself."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, TenantOwned, id_column


class OutboxJob(TenantOwned, Base):
    """One thing to do. Done rows are deleted; a job that keeps failing stays with its error for people to see."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("tenant_id", "kind", "key"),
        Index("ix_outbox_due", "available_at"),
    )

    id: Mapped[str] = id_column()
    kind: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(128))  # the same key twice is the same job
    payload: Mapped[dict[str, Any]]
    attempts: Mapped[int] = mapped_column(default=0)
    available_at: Mapped[datetime]  # nobody takes it earlier: the lease of whoever works on it, or the back-off
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]
