"""How many connections a PostgreSQL server could still give."""

from __future__ import annotations

#: SQL: how many connections ordinary roles could still open. `reserved_connections` came with PostgreSQL 16.
FREE_CONNECTIONS = (
    "current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
    " - coalesce(current_setting('reserved_connections', true)::int, 0)"
    " - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')"
)
