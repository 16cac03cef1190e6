"""What a drill may change of a PostgreSQL server around its tables' rows: indexes, roles and their settings.

Only a superuser sees all of it; of the rest, what may be read is compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from psycopg import sql

from drills.errors import BadInput
from drills.sandbox import direct

_Ask = Callable[[str], Sequence[Sequence[Any]]]

#: Those that no constraint holds, valid ones, of all schemas but the server's own. Names are quoted where they must be.
_INDEXES = r"""
SELECT format('%I.%I', n.nspname, c.relname), pg_get_indexdef(i.indexrelid)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE i.indisvalid AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
AND c.relkind = 'i' AND NOT c.relispartition
AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid) ORDER BY 1
"""
_ROLES = r"SELECT rolname, rolcanlogin, rolconnlimit FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1"
#: A password as it is kept is a secret too: only its digest is compared.
_PASSWORDS = r"SELECT rolname, rolpassword FROM pg_authid WHERE rolname !~ '^pg_' ORDER BY 1"
#: What ALTER SYSTEM wrote, in effect or not yet.
_SERVER = "SELECT name, setting FROM pg_file_settings WHERE sourcefile ~ 'postgresql[.]auto[.]conf$' ORDER BY 1"
_DATABASES = "SELECT datname, datconnlimit FROM pg_database WHERE NOT datistemplate ORDER BY 1"
#: Each keeps WAL on the disk until its reader has fetched it.
_SLOTS = "SELECT slot_name, slot_type FROM pg_replication_slots WHERE NOT temporary ORDER BY 1"

State = dict[str, dict[str, str]]


def read(url: str, *, timeout: float) -> State:
    """The present state, each part as texts by name."""
    with direct.asking(direct.without_read_only(url), timeout=timeout) as ask:
        return _read(ask)


def bring_back(url: str, wanted: Mapping[str, Mapping[str, str]], *, timeout: float) -> tuple[str, ...]:
    """Change what differs and can be brought back; a password is its fault's to bring back. Returns what was changed.

    A part that `wanted` lacks stays as it is.
    """
    with direct.asking(direct.without_read_only(url), timeout=timeout) as ask:
        present = _read(ask)
        done = []
        for part, change in _CHANGES.items():
            if part not in wanted or part not in present:
                continue
            for what, statement in change(wanted[part], present[part]):
                ask(statement)
                done.append(f"{part}: {what}")
        if any(each.startswith("server_settings") for each in done):
            ask("SELECT pg_reload_conf()")
        return tuple(done)


def _read(ask: _Ask) -> State:
    found: State = {
        "indexes": {str(name): str(definition) for name, definition in ask(_INDEXES)},
        "roles": {
            str(name): f"{'LOGIN' if login else 'NOLOGIN'} CONNECTION LIMIT {limit}"
            for name, login, limit in ask(_ROLES)
        },
        "databases": {str(name): f"CONNECTION LIMIT {limit}" for name, limit in ask(_DATABASES)},
        "replication_slots": {str(name): str(kind) for name, kind in ask(_SLOTS)},
    }
    for part, statement in (("passwords", _PASSWORDS), ("server_settings", _SERVER)):
        try:
            rows = ask(statement)
        except BadInput:
            continue  # Not for this role to see.
        shown = _digest if part == "passwords" else str
        found[part] = {str(name): shown(value) for name, value in rows}
    return found


def _digest(kept: object) -> str:
    return "none" if kept is None else f"sha256:{hashlib.sha256(str(kept).encode()).hexdigest()[:12]}"


_Change = Callable[[Mapping[str, str], Mapping[str, str]], list[tuple[str, str]]]


def _indexes(wanted: Mapping[str, str], present: Mapping[str, str]) -> list[tuple[str, str]]:
    """What was made in the meantime stays where it is not in the way: it may be their own."""
    changes = []
    for name, definition in wanted.items():
        if present.get(name) == definition:
            continue
        # One that is not valid is not listed, and bears the name all the same.
        changes.append((f"drop {name}, of another form", f"DROP INDEX IF EXISTS {name}"))
        changes.append((f"create {name}", definition))
    return changes


def _attributes(kind: str) -> _Change:
    def change(wanted: Mapping[str, str], present: Mapping[str, str]) -> list[tuple[str, str]]:
        return [
            (f"{name} {attributes}", f"ALTER {kind} {sql.Identifier(name).as_string()} WITH {attributes}")
            for name, attributes in wanted.items()
            if name in present and present[name] != attributes
        ]

    return change


def _server(wanted: Mapping[str, str], present: Mapping[str, str]) -> list[tuple[str, str]]:
    changes = [
        (f"reset {name}", f"ALTER SYSTEM RESET {sql.Identifier(name).as_string()}")
        for name in present.keys() - wanted.keys()
    ]
    for name, value in wanted.items():
        if present.get(name) != value:
            target = sql.Identifier(name).as_string()
            changes.append((f"set {name}", f"ALTER SYSTEM SET {target} = {sql.Literal(value).as_string()}"))
    return changes


def _slots(wanted: Mapping[str, str], present: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        (f"drop {name}", f"SELECT pg_drop_replication_slot({sql.Literal(name).as_string()})")
        for name in present
        if name not in wanted
    ]


_CHANGES: Mapping[str, _Change] = {
    "replication_slots": _slots,
    "roles": _attributes("ROLE"),
    "databases": _attributes("DATABASE"),
    "server_settings": _server,
    "indexes": _indexes,
}
