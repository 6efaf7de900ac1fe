"""Tables whose rows are only ever added: the database itself refuses to change or delete them.

Used by migrations. A row goes when its tenant goes, and not before. A migration that rebuilds such a table in SQLite
(batch mode) must call this again: the rebuilt table has lost its triggers.
"""

from alembic import op

from storage.db import TENANT_ROLE

_POSTGRES = """
CREATE FUNCTION refuse_change_of_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'DELETE' THEN
    IF NOT EXISTS (SELECT 1 FROM tenants WHERE id = OLD.tenant_id) THEN RETURN OLD; END IF;
  END IF;
  RAISE EXCEPTION '{table} is append-only';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}
  FOR EACH ROW EXECUTE FUNCTION refuse_change_of_{table}();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_{table}();
REVOKE UPDATE, DELETE ON {table} FROM {role}
"""
_SQLITE = """
CREATE TRIGGER {table}_never_changed BEFORE UPDATE ON {table}
  BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;;
CREATE TRIGGER {table}_never_deleted BEFORE DELETE ON {table}
  WHEN EXISTS (SELECT 1 FROM tenants WHERE id = OLD.tenant_id)
  BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""


def make_append_only(table: str) -> None:
    """Puts a table, protected by row security before, under triggers that refuse UPDATE, DELETE and TRUNCATE."""
    if op.get_bind().dialect.name == "postgresql":
        script = _POSTGRES.format(table=table, role=TENANT_ROLE)
        function, *rest = script.split("$$;")
        op.execute(f"{function}$$")
        statements = "".join(rest).split(";\n")
    else:
        statements = _SQLITE.format(table=table).split(";;")
    for statement in statements:
        op.execute(statement)


def drop_append_only(table: str) -> None:
    """Undoes `make_append_only`, after the table itself is gone."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP FUNCTION refuse_change_of_{table}()")
