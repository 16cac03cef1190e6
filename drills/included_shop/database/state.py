"""What a drill may change in the database around its tables, read and brought back.

Indexes, roles, server and role settings, schemas beside `public`, replication slots.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from psycopg import sql

#: Runs one statement and gives its rows.
Ask = Callable[[str], Sequence[Sequence[Any]]]

INDEXES = """
SELECT c.relname, pg_get_indexdef(i.indexrelid), i.indisvalid
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' ORDER BY 1
"""
ROLES = "SELECT rolname, rolcanlogin, rolconnlimit, rolsuper FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1"
#: What ALTER SYSTEM wrote, in effect or not yet.
SERVER = "SELECT name, setting FROM pg_file_settings WHERE sourcefile ~ 'postgresql[.]auto[.]conf$' ORDER BY 1"
SCOPED = """
SELECT coalesce(r.rolname, ''), coalesce(d.datname, ''), s.setconfig
FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
ORDER BY 1, 2
"""
DATABASES = "SELECT datname, datconnlimit, datallowconn FROM pg_database WHERE NOT datistemplate ORDER BY 1"
#: Schemas beside the shop's own: what somebody loaded to check it.
SCHEMAS = r"SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1"
#: Each keeps WAL on the disk until its reader has fetched it.
SLOTS = "SELECT slot_name, slot_type FROM pg_replication_slots WHERE NOT temporary ORDER BY 1"
#: Settings that only a restart puts in effect; `max_connections` is the one that drills turn.
IN_EFFECT = "SELECT name, setting FROM pg_settings WHERE context = 'postmaster' AND name = 'max_connections'"

State = dict[str, dict[str, str]]


def read(ask: Ask) -> State:
    """The present state, each part as texts by name; `restore` understands them again."""
    indexes = ask(INDEXES)
    return {
        "indexes": {name: definition for name, definition, valid in indexes if valid},
        "invalid_indexes": {name: definition for name, definition, valid in indexes if not valid},
        "roles": {name: f"{_login(login)} CONNECTION LIMIT {limit}" for name, login, limit, _super in ask(ROLES)},
        "server_settings": {str(name): str(setting) for name, setting in ask(SERVER)},
        "scoped_settings": {f"{role}@{database}": "; ".join(sorted(config)) for role, database, config in ask(SCOPED)},
        "databases": {
            name: f"CONNECTION LIMIT {limit} ALLOW_CONNECTIONS {allow}" for name, limit, allow in ask(DATABASES)
        },
        "schemas": {str(name): "there" for (name,) in ask(SCHEMAS)},
        "replication_slots": {str(name): str(kind) for name, kind in ask(SLOTS)},
        "in_effect": {str(name): str(setting) for name, setting in ask(IN_EFFECT)},
    }


def statements(wanted: Mapping[str, Mapping[str, str]], present: Mapping[str, Mapping[str, str]]) -> list[str]:
    """What brings the present state to the wanted one, in order; empty when nothing differs."""
    return [
        *_slots(wanted["replication_slots"], present["replication_slots"]),
        *(_written("DROP SCHEMA {} CASCADE", name) for name in present["schemas"].keys() - wanted["schemas"].keys()),
        *_indexes(wanted, present),
        *_roles(wanted["roles"], present["roles"]),
        *_server(wanted["server_settings"], present["server_settings"]),
        *_scoped(wanted["scoped_settings"], present["scoped_settings"]),
        *(
            _written("ALTER DATABASE {} WITH ", name) + wanted["databases"][name]
            for name in wanted["databases"].keys() & present["databases"].keys()
            if wanted["databases"][name] != present["databases"][name]
        ),
    ]


def needs_restart(wanted: Mapping[str, Mapping[str, str]], present: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether a setting in effect differs that only a restart changes."""
    return wanted["in_effect"] != present["in_effect"]


def _indexes(wanted: Mapping[str, Mapping[str, str]], present: Mapping[str, Mapping[str, str]]) -> list[str]:
    are, ought = present["indexes"], wanted["indexes"]
    wrong = [name for name in are if ought.get(name) != are[name]]
    broken = [name for name in present["invalid_indexes"] if name not in wanted["invalid_indexes"]]
    return [
        *(_written("DROP INDEX {}", name) for name in (*wrong, *broken)),
        *(definition for name, definition in ought.items() if are.get(name) != definition),
    ]


def _slots(wanted: Mapping[str, str], present: Mapping[str, str]) -> list[str]:
    """Those that came in between go, with whoever reads from them; the WAL that they held goes at the checkpoint."""
    surplus = [sql.Literal(name).as_string() for name in present if name not in wanted]
    readers = "SELECT pg_terminate_backend(active_pid, 3000) FROM pg_replication_slots WHERE active AND slot_name = "
    changes = [each for name in surplus for each in (readers + name, f"SELECT pg_drop_replication_slot({name})")]
    return [*changes, "CHECKPOINT"] if changes else []


def _roles(wanted: Mapping[str, str], present: Mapping[str, str]) -> list[str]:
    changes = []
    for name in present.keys() - wanted.keys():
        changes += [_written("DROP OWNED BY {}", name), _written("DROP ROLE {}", name)]
    for name, attributes in wanted.items():
        if name not in present:
            changes.append(_written("CREATE ROLE {} ", name) + attributes)
        elif present[name] != attributes:
            changes.append(_written("ALTER ROLE {} WITH ", name) + attributes)
    return changes


def _server(wanted: Mapping[str, str], present: Mapping[str, str]) -> list[str]:
    changes = [_written("ALTER SYSTEM RESET {}", name) for name in present.keys() - wanted.keys()]
    for name, setting in wanted.items():
        if present.get(name) != setting:
            changes.append(_written("ALTER SYSTEM SET {} = ", name) + sql.Literal(setting).as_string())
    return [*changes, "SELECT pg_reload_conf()"] if changes else []


def _scoped(wanted: Mapping[str, str], present: Mapping[str, str]) -> list[str]:
    changes = []
    for scope in sorted(wanted.keys() | present.keys()):
        if wanted.get(scope) == present.get(scope):
            continue
        role, database = scope.split("@", 1)
        target = _target(role, database)
        if scope in present:
            changes.append(f"{target} RESET ALL")
        for assignment in wanted.get(scope, "").split("; "):
            if assignment:
                name, value = assignment.split("=", 1)
                changes.append(f"{target} SET {_written('{}', name)} = {sql.Literal(value).as_string()}")
    return changes


def _target(role: str, database: str) -> str:
    if not role:
        return _written("ALTER DATABASE {}", database)
    within = _written(" IN DATABASE {}", database) if database else ""
    return _written("ALTER ROLE {}", role) + within


def _written(template: str, name: str) -> str:
    return template.replace("{}", sql.Identifier(name).as_string())


def _login(login: bool) -> str:
    return "LOGIN" if login else "NOLOGIN"
