"""What is written about a `redis` probe."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, field_validator

from drills.probing.kinds.redis.url import RedisAddress
from drills.probing.settings_model import ForOthers, SettingsModel, is_filled


class RedisSettings(SettingsModel):
    """PING and INFO."""

    for_others: ClassVar[ForOthers] = ForOthers.ALWAYS
    names = frozenset({"time", "info", "cache_memory"})
    metrics = frozenset({"cache_memory"})

    url: str = Field(description="redis://user:password@host:port/0; rediss:// over TLS, unix:///path of a socket.")
    verify: bool = Field(True, description="Refuse invalid certificates.")
    ca: str | None = Field(None, description="File of certificates to trust instead of the system's.")
    memory_limit: int | None = Field(None, gt=0, description="Bytes; where the server itself has no maxmemory.")
    tripwire: bool = False

    @field_validator("url")
    @classmethod
    def _is_a_servers(cls, url: str) -> str:
        if is_filled(url):
            RedisAddress.read(url)
        return url

    @property
    def here_only(self) -> str:
        return "url: a Unix socket" if RedisAddress.read(self.url).socket else ""
