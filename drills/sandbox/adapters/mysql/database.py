"""A MySQL or MariaDB server, as `drills.sandbox.capabilities.database.Database`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import unquote, urlsplit

from drills.sandbox.adapters.mysql import connection
from drills.sandbox.adapters.mysql.indexes import MysqlIndexes
from drills.sandbox.adapters.mysql.literals import literal, of_table, written
from drills.sandbox.adapters.mysql.roles import MysqlRoles
from drills.sandbox.adapters.mysql.rows import MysqlRows
from drills.sandbox.adapters.mysql.sessions import MysqlSessions
from drills.sandbox.adapters.mysql.state import bring_back, read
from drills.sandbox.capabilities.database import ASK_SECONDS, Answer


class Mysql:
    """Over `url`: `mysql://user:password@host:port/database`."""

    def __init__(self, service: str, url: str) -> None:
        self.service = service
        self.url = url
        self.sessions = MysqlSessions(self.sql, self._run_all)
        self.indexes = MysqlIndexes(self.sql)
        self.roles = MysqlRoles(self.sql)
        self.rows = MysqlRows(self.sql)

    @property
    def user(self) -> str:
        return unquote(urlsplit(self.url).username or "")

    def sql(self, statement: str, *, timeout: float = 30.0) -> Answer:
        return connection.query(self.url, statement, timeout=timeout)

    def _run_all(self, statements: Sequence[str], timeout: float) -> Answer:
        return connection.run(self.url, statements, timeout=timeout)

    def has_table(self, table: str) -> bool:
        schema, name = of_table(table)
        _, rows = self.sql(
            "SELECT count(*) FROM information_schema.tables"
            f" WHERE table_schema = {schema} AND table_name = {literal(name)}",
            timeout=ASK_SECONDS,
        )
        return bool(rows[0][0])

    def written(self, name: str) -> str:
        return written(name)

    def busy_statement(self) -> str:
        return "SELECT BENCHMARK(2000000000, SHA2('busy', 256))"

    def state(self) -> dict[str, dict[str, str]]:
        return read(self.sql)

    def restore(self, state: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
        return bring_back(self.sql, state)
