"""Sessions of PostgreSQL, by the application_name that they give themselves."""

from __future__ import annotations

from drills.background.free_connections import FREE_CONNECTIONS
from drills.sandbox.adapters.postgres.literals import identifier
from drills.sandbox.capabilities.database import ASK_SECONDS, Ask, ConnectionUse, LockMode

#: The modes' names in pg_locks.
_HELD = {
    LockMode.ACCESS_EXCLUSIVE: "AccessExclusiveLock",
    LockMode.EXCLUSIVE: "ExclusiveLock",
    LockMode.SHARE_ROW_EXCLUSIVE: "ShareRowExclusiveLock",
}


class PostgresSessions:
    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def ids(self, application: str) -> tuple[int, ...]:
        _, rows = self._ask(
            f"SELECT pid FROM pg_stat_activity WHERE application_name = '{application}'", timeout=ASK_SECONDS
        )
        return tuple(int(pid) for (pid,) in rows)

    def end(self, application: str) -> None:
        self._ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE application_name = '{application}' AND pid <> pg_backend_pid()",
            timeout=ASK_SECONDS,
        )

    def lock_name(self, mode: LockMode) -> str:
        return mode.upper().replace("-", " ")

    def lock_holder(self, application: str, table: str, mode: LockMode) -> str | None:
        name = _HELD[mode]
        _, rows = self._ask(
            "SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid)"
            f" WHERE application_name = '{application}' AND granted"
            f" AND relation = to_regclass('{identifier(table)}') AND mode = '{name}'",
            timeout=ASK_SECONDS,
        )
        return f"session {rows[0][0]} holds {name} on {table}" if rows else None

    def use(self, application: str) -> ConnectionUse:
        _, rows = self._ask(
            "SELECT (SELECT count(*) FROM pg_stat_activity"
            f" WHERE application_name = '{application}'), {FREE_CONNECTIONS}",
            timeout=ASK_SECONDS,
        )
        return ConnectionUse(held=int(rows[0][0]), free=int(rows[0][1]))

    def running(self, application: str) -> int:
        _, rows = self._ask(
            f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{application}' AND state = 'active'",
            timeout=ASK_SECONDS,
        )
        return int(rows[0][0])
