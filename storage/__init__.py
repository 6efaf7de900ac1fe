"""The database: models, migrations, and the one way to reach them (`storage.db`)."""
