"""What is written about a `postgres` probe."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, ValidationInfo, field_validator

from drills.probing.kinds.postgres.url import postgres_parameters
from drills.probing.settings_model import ForOthers, SettingsModel, is_filled


class PostgresSettings(SettingsModel):
    """A query and the measures of a PostgreSQL server."""

    for_others: ClassVar[ForOthers] = ForOthers.ALWAYS
    names = frozenset(
        {
            "time",
            "rows",
            "connections",
            "connections_by_state",
            "max_connections",
            "longest_query",
            "lock_waits",
            "table_sizes",
            "database_bytes",
        }
    )
    metrics = frozenset({"database_connections", "longest_query", "lock_waits", "disk"})

    url: str = Field(description="postgresql://user:password@host:port/database; parameters: sslmode, options …")
    ca: str | None = Field(None, description="File of certificates to trust; the server's must be valid for the host.")
    query: str = "SELECT 1 AS one"
    disk_limit: int | None = Field(None, gt=0, description="Bytes that the database may hold; absent: not measured.")
    tripwire: bool = False

    @field_validator("url")
    @classmethod
    def _is_a_servers(cls, url: str) -> str:
        if is_filled(url):
            postgres_parameters(url)
        return url

    @field_validator("ca")
    @classmethod
    def _is_checked(cls, ca: str | None, info: ValidationInfo) -> str | None:
        if is_filled(url := info.data.get("url", "${}")):
            postgres_parameters(url, ca)
        return ca

    @property
    def here_only(self) -> str:
        return "url: a Unix socket" if postgres_parameters(self.url, self.ca)["host"].startswith("/") else ""
