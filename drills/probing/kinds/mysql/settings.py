"""The settings of a mysql probe."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, ValidationInfo, field_validator

from drills.probing.kinds.mysql.url import MysqlAddress
from drills.probing.settings_model import ForOthers, SettingsModel, is_filled


class MysqlSettings(SettingsModel):
    """A query and the measures of a MySQL or MariaDB server."""

    for_others: ClassVar[ForOthers] = ForOthers.ALWAYS
    names = frozenset(
        {"time", "rows", "version", "read_only", "connections", "max_connections", "longest_query", "lock_waits"}
    )
    metrics = frozenset({"database_connections", "longest_query", "lock_waits"})

    url: str = Field(description="mysql://user:password@host:3306/database; parameter: ssl-mode")
    ca: str | None = Field(None, description="File of certificates to trust; the server's must be valid for the host.")
    query: str = Field("SELECT 1 AS one", min_length=1)

    @field_validator("url")
    @classmethod
    def _is_a_servers(cls, url: str) -> str:
        if is_filled(url):
            MysqlAddress.read(url)
        return url

    @field_validator("ca")
    @classmethod
    def _is_checked(cls, ca: str | None, info: ValidationInfo) -> str | None:
        if is_filled(url := info.data.get("url", "${}")):
            MysqlAddress.read(url, ca)
        return ca
