"""What a MySQL or MariaDB server says about itself, and what of it this account may see.

Tried with MariaDB 10.11; for MySQL 8 by its documentation.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pymysql

from drills.probing.kinds.mysql.connection import Rows

Run = Callable[[str], Rows]

_CONNECTIONS = "SHOW GLOBAL STATUS LIKE 'Threads_connected'"
_SETTINGS = "SELECT VERSION() AS version, @@global.max_connections AS max_connections, @@global.read_only AS read_only"
#: Of clients but this one, in seconds.
_LONGEST = """
SELECT COALESCE(MAX(TIME), 0) AS longest_query FROM information_schema.PROCESSLIST
WHERE COMMAND IN ('Query', 'Execute') AND ID <> CONNECTION_ID()
"""
#: Sessions that wait for a row's lock, and for a table's or its definition's.
_LOCK_WAITS = """
SELECT (SELECT COUNT(*) FROM information_schema.INNODB_TRX WHERE trx_state = 'LOCK WAIT')
     + (SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for % lock') AS lock_waits
"""
_SEES_ALL = re.compile(r"GRANT [^`']*\b(ALL PRIVILEGES|PROCESS)\b[^`']* ON \*\.\* ")
_OF_SESSIONS = ("longest_query", "lock_waits")


class Measures:
    """What was measured; `withheld` says for the rest why not."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.withheld: dict[str, str] = {}

    def take(self, run: Run) -> None:
        """Measure. What the server refuses is not measured: it has answered the probe's own query, and is up.

        Raises pymysql.err.OperationalError for a connection that broke.
        """
        for row in self._rows(run, _CONNECTIONS, "connections"):
            self.values["connections"] = int(row["Value"])
        for row in self._rows(run, _SETTINGS, "version", "max_connections", "read_only"):
            self.values |= {**row, "read_only": str(row["read_only"]).upper() not in ("0", "OFF")}
        if not any(_SEES_ALL.search(str(text)) for row in self._rows(run, "SHOW GRANTS") for text in row.values()):
            why = "the account cannot see other sessions: grant it PROCESS"
            self.withheld |= dict.fromkeys(_OF_SESSIONS, why)
            return
        for query, name in ((_LONGEST, "longest_query"), (_LOCK_WAITS, "lock_waits")):
            for row in self._rows(run, query, name):
                self.values[name] = row[name]

    def _rows(self, run: Run, query: str, *names: str) -> Rows:
        try:
            return run(query)
        except pymysql.err.OperationalError as error:
            if error.args[0] >= 2000 or error.args[0] in BROKEN:
                raise
            refused: pymysql.err.Error = error
        except pymysql.err.Error as error:
            refused = error
        self.withheld |= dict.fromkeys(names, f"the server refuses it: {refused.args[-1]}"[:180])
        return []


#: Errors with which the server ends the connection or the query (ER_SERVER_SHUTDOWN, ER_NORMAL_SHUTDOWN,
#: ER_CONNECTION_KILLED, ER_QUERY_INTERRUPTED, ER_STATEMENT_TIMEOUT, ER_QUERY_TIMEOUT).
BROKEN = frozenset({1053, 1077, 1927, 1317, 1969, 3024})
