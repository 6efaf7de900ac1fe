"""Opens the installation's database with all that its transactions need."""

from audit.key import audit_key
from core.settings import Settings
from storage.db import Database


def open_database(settings: Settings) -> Database:
    """The database that the settings name, able to write the audit log. Connects to nothing yet."""
    return Database(settings.async_database_url(), audit_key=audit_key(settings))
