"""Alembic's environment: it runs on the connection that `store.schema` hands over, never by itself."""

from __future__ import annotations

from alembic import context

from kaireon_orch.store.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
