"""Alembic migrations of the registry, applied by `store.schema`."""
