"""The second wall between tenants: PostgreSQL's row-level security. Used by migrations that add tables.

Tenant transactions run as a role that owns nothing and cannot bypass policies; the policy admits rows of the tenant
named in `yingda.tenant_id`, and none when that is empty. SQLite has no such thing: there the session is the only wall.
"""

from alembic import op

from storage.db import TENANT_ROLE

_CREATE_ROLE = f"""
DO $$ BEGIN
  CREATE ROLE {TENANT_ROLE} NOLOGIN NOSUPERUSER NOBYPASSRLS NOINHERIT;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
"""


def protect(*tables: str, owner_column: str = "tenant_id") -> None:
    """Puts tables under row security for the tenant role, and grants it no more than rows."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(_CREATE_ROLE)
    op.execute(f"GRANT {TENANT_ROLE} TO CURRENT_USER")
    op.execute(f"GRANT USAGE ON SCHEMA public TO {TENANT_ROLE}")
    condition = f"{owner_column} = NULLIF(current_setting('yingda.tenant_id', true), '')"
    for table in tables:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant_rows ON {table} TO {TENANT_ROLE} USING ({condition}) WITH CHECK ({condition})"
        )
        op.execute(f"CREATE POLICY platform_rows ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {TENANT_ROLE}")


def protect_tenants() -> None:
    """The table of tenants itself: a tenant may read and update its own row, not make or delete tenants."""
    protect("tenants", owner_column="id")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"REVOKE INSERT, DELETE ON tenants FROM {TENANT_ROLE}")
