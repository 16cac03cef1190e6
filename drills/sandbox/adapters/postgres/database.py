"""A PostgreSQL server, 13 to 18, as `drills.sandbox.capabilities.database.Database`."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from drills.errors import EnvironmentFailed
from drills.sandbox.adapters.postgres.indexes import PostgresIndexes
from drills.sandbox.adapters.postgres.literals import identifier
from drills.sandbox.adapters.postgres.roles import PostgresRoles
from drills.sandbox.adapters.postgres.rows import PostgresRows
from drills.sandbox.adapters.postgres.sessions import PostgresSessions
from drills.sandbox.capabilities.database import ASK_SECONDS, WORK_SECONDS, Answer, Ask, TooManyConnections


class Postgres:
    """Over `url`, or by another way to run a statement."""

    def __init__(self, service: str, url: str, ask: Ask | None = None) -> None:
        self.service = service
        self.url = url
        self._ask = ask
        self.sessions = PostgresSessions(self.sql)
        self.indexes = PostgresIndexes(self.sql)
        self.roles = PostgresRoles(self.sql)
        self.rows = PostgresRows(self.sql)

    @property
    def user(self) -> str:
        return unquote(urlsplit(self.url).username or "")

    def sql(self, statement: str, *, timeout: float = 30.0) -> Answer:
        if self._ask is not None:
            return self._ask(statement, timeout=timeout)
        from drills.sandbox import direct  # the driver is slow to load, and a paper sandbox needs none

        try:
            return direct.query(self.url, statement, timeout=timeout)
        except EnvironmentFailed as error:
            # 53300; the connection fails before an SQLSTATE is sent, so only the text can be checked.
            if "too many clients" in str(error) or "connection slots are reserved" in str(error):
                raise TooManyConnections(str(error)) from error
            raise

    def has_table(self, table: str) -> bool:
        _, rows = self.sql(f"SELECT to_regclass('{identifier(table)}') IS NOT NULL", timeout=ASK_SECONDS)
        return bool(rows[0][0])

    def written(self, name: str) -> str:
        return identifier(name)

    def busy_statement(self) -> str:
        return "SELECT count(*) FROM generate_series(1, 100000) AS a CROSS JOIN generate_series(1, 100000) AS b"

    def state(self) -> dict[str, dict[str, str]]:
        from drills.sandbox.adapters.postgres.state import read

        return read(self.url, timeout=ASK_SECONDS)

    def restore(self, state: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
        from drills.sandbox.adapters.postgres.state import bring_back

        return bring_back(self.url, state, timeout=WORK_SECONDS)
