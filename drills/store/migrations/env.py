"""Alembic's entry point: always runs in the connection and the transaction that it is handed."""

from __future__ import annotations

from alembic import context

from drills.store.schema import VERSION_TABLE
from drills.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
    # SQLite alters a table by copying it.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
