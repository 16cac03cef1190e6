"""What a drill may change of a MySQL server around its tables' rows: indexes, limits of connections, passwords."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from drills.errors import BadInput
from drills.sandbox.adapters.mysql.indexes import MysqlIndexes
from drills.sandbox.capabilities.database import ASK_SECONDS, WORK_SECONDS, Ask

_SYSTEM = "('mysql', 'sys', 'information_schema', 'performance_schema')"
#: Those that no constraint holds, each as `schema.table.index`.
_INDEXES = f"""
SELECT DISTINCT s.table_schema, s.table_name, s.index_name FROM information_schema.statistics AS s
JOIN information_schema.tables AS t USING (table_schema, table_name)
WHERE s.table_schema NOT IN {_SYSTEM} AND s.non_unique = 1 AND t.table_type = 'BASE TABLE' ORDER BY 1, 2, 3
"""
_SETTINGS = (
    "SHOW GLOBAL VARIABLES WHERE variable_name IN"
    " ('max_connections', 'max_user_connections', 'read_only', 'wait_timeout')"
)
_USERS = "SELECT concat(user, '@', host), authentication_string FROM mysql.user ORDER BY 1"


def read(ask: Ask) -> dict[str, dict[str, str]]:
    """The present state, each part as texts by name."""
    indexes = MysqlIndexes(ask)
    found: dict[str, dict[str, str]] = {"indexes": {}}
    for schema, table, name in ask(_INDEXES, timeout=ASK_SECONDS)[1]:
        index = indexes.find(str(name), f"{schema}.{table}")
        if index is not None:
            found["indexes"][f"{schema}.{table}.{name}"] = index.definition
    found["server_settings"] = {str(name): str(value) for name, value in ask(_SETTINGS, timeout=ASK_SECONDS)[1]}
    try:
        users = ask(_USERS, timeout=ASK_SECONDS)[1]
    except BadInput:
        return found  # Not for this user to see.
    found["passwords"] = {str(name): _digest(value) for name, value in users}
    return found


def bring_back(ask: Ask, wanted: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    """Change what differs and can be brought back; returns what was changed. A password is its fault's matter."""
    present = read(ask)
    done = []
    for name, value in wanted.get("server_settings", {}).items():
        if present["server_settings"].get(name, value) != value:
            ask(f"SET GLOBAL {name} = {value}", timeout=ASK_SECONDS)
            done.append(f"server_settings: set {name}")
    for name, definition in wanted.get("indexes", {}).items():
        if present["indexes"].get(name) == definition:
            continue
        schema, table, index = name.split(".", 2)
        if name in present["indexes"]:
            ask(f"ALTER TABLE `{schema}`.`{table}` DROP INDEX `{index}`", timeout=WORK_SECONDS)
        ask(definition, timeout=WORK_SECONDS)
        done.append(f"indexes: create {name}")
    return tuple(done)


def _digest(kept: object) -> str:
    return f"sha256:{hashlib.sha256(str(kept).encode()).hexdigest()[:12]}"
