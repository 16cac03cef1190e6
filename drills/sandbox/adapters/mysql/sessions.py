"""Sessions of MySQL, known by the comment with the application's name that their statements begin with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from drills.errors import BadInput
from drills.sandbox.adapters.mysql.literals import written
from drills.sandbox.capabilities.database import ASK_SECONDS, Answer, Ask, ConnectionUse, LockMode

RunAll = Callable[[Sequence[str], float], Answer]


class MysqlSessions:
    """`run_all` runs several statements in one session."""

    def __init__(self, ask: Ask, run_all: RunAll) -> None:
        self._ask = ask
        self._run_all = run_all

    def ids(self, application: str) -> tuple[int, ...]:
        _, rows = self._ask(f"SELECT id {_of(application)}", timeout=ASK_SECONDS)
        return tuple(int(session) for (session,) in rows)

    def end(self, application: str) -> None:
        for session in self.ids(application):
            with suppress(BadInput):  # It has ended by itself meanwhile.
                self._ask(f"KILL {session}", timeout=ASK_SECONDS)

    def lock_name(self, mode: LockMode) -> str:
        """WRITE keeps everybody out, READ keeps writes out."""
        return "WRITE" if mode is LockMode.ACCESS_EXCLUSIVE else "READ"

    def lock_holder(self, application: str, table: str, mode: LockMode) -> str | None:
        """The server does not tell who holds a table's lock: so whether one can be had is tried, for a second."""
        sessions = self.ids(application)
        if not sessions:
            return None
        try:
            self._run_all(
                ["SET SESSION lock_wait_timeout = 1", f"LOCK TABLES {written(table)} WRITE", "UNLOCK TABLES"],
                ASK_SECONDS,
            )
        except BadInput as refused:
            if "Lock wait timeout" in str(refused):
                return f"session {sessions[0]} holds a {self.lock_name(mode)} lock on {table}"
            raise
        return None

    def use(self, application: str) -> ConnectionUse:
        """Background threads of the server count as connections in its list, but not against its limit."""
        held = len(self.ids(application))
        _, rows = self._ask(
            "SELECT @@max_connections - (SELECT variable_value FROM "
            f"{'information_schema.global_status' if self._is_mariadb() else 'performance_schema.global_status'}"
            " WHERE variable_name = 'Threads_connected')",
            timeout=ASK_SECONDS,
        )
        # The one that asks now is free again a moment later.
        return ConnectionUse(held=held, free=int(rows[0][0]) + 1)

    def running(self, application: str) -> int:
        """Each of them that is listed runs its statement."""
        return len(self.ids(application))

    def _is_mariadb(self) -> bool:
        _, rows = self._ask("SELECT VERSION()", timeout=ASK_SECONDS)
        return "mariadb" in str(rows[0][0]).lower()


def _of(application: str) -> str:
    # Put together by the server, so that whoever asks this is not among those who are found.
    pattern = f"CONCAT('/* ', '{application}', ' */%')"
    return f"FROM information_schema.processlist WHERE info LIKE {pattern} AND id <> CONNECTION_ID()"
