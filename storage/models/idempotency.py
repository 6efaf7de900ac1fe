"""First results of requests that named an Idempotency-Key."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base


class IdempotencyRecord(Base):
    """One keyed request. Belongs to no tenant: it is found by a hash that includes the caller's token.

    `response` is encrypted under a key made from the Idempotency-Key and the token, neither of which is stored.
    """

    __tablename__ = "idempotency_records"
    __table_args__ = (Index(None, "created_at"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]  # None while the first request is still running
    content_type: Mapped[str] = mapped_column(String(100), default="")
    response: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    created_at: Mapped[datetime]
