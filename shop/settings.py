"""What an operator may set, and how a process of the shop reads it from its environment.

Only the standard library is imported here: the sandbox reads `SETTINGS` too, to check what a user sets.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its value is text that matches `pattern` entirely; a number lies in `lowest`…`highest`."""

    name: str
    default: str
    pattern: str
    expects: str
    meaning: str
    lowest: float | None = None
    highest: float | None = None

    @property
    def variable(self) -> str:
        """The environment variable that carries it."""
        return f"SHOP_{self.name.upper()}"

    def refusal(self, value: str) -> str | None:
        """Why the value cannot be used, or None when it can."""
        if not re.fullmatch(self.pattern, value):
            return f"{self.name} must be {self.expects}, not {value!r}"
        if self.lowest is not None and self.highest is not None and not self.lowest <= float(value) <= self.highest:
            return f"{self.name} must be {self.expects}, not {value!r}"
        return None


SETTINGS: tuple[Setting, ...] = (
    Setting("pool_size", "3", r"\d+", "a whole number from 1 to 50", "Database connections of one replica.", 1, 50),
    Setting(
        "pool_timeout",
        "3",
        r"\d+(\.\d+)?",
        "seconds from 0.1 to 60",
        "How long a request waits for a connection of the pool before it is refused (503).",
        0.1,
        60,
    ),
    Setting(
        "recommendations",
        "on",
        r"on|off",
        "on or off",
        "Whether the home page asks the external API; off: popular products instead.",
    ),
    Setting(
        "recommendations_timeout",
        "8",
        r"\d+(\.\d+)?",
        "seconds from 0.1 to 60",
        "How long the home page waits for the external API.",
        0.1,
        60,
    ),
    Setting(
        "payment_timeout",
        "0.8",
        r"\d+(\.\d+)?",
        "seconds from 0.1 to 60",
        "How long a checkout waits for the payment provider before the payment is put off.",
        0.1,
        60,
    ),
    Setting(
        "webhook_secret",
        "sandbox-webhook-secret",
        r"[\x21-\x7e]{8,128}",
        "8 to 128 printable characters without blanks",
        "The key with which the payment provider signs its webhooks.",
    ),
    Setting(
        "memory_limit_mb",
        "512",
        r"\d+",
        "megabytes from 16 to 65536",
        "A replica that holds more memory ends at once, as under a container's limit.",
        16,
        65536,
    ),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that one process of the shop is told. Times are seconds."""

    release: str
    database_url: str
    cache_url: str
    external_url: str
    public_url: str
    pool_size: int
    pool_timeout: float
    recommendations: bool
    recommendations_timeout: float
    payment_timeout: float
    webhook_secret: str
    memory_limit_mb: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Raises ValueError that names a setting whose value cannot be used, KeyError for an address not given."""
        given = {setting.name: environment.get(setting.variable, setting.default) for setting in SETTINGS}
        for setting in SETTINGS:
            if why := setting.refusal(given[setting.name]):
                raise ValueError(why)
        return cls(
            release=environment["SHOP_RELEASE"],
            database_url=environment["SHOP_DATABASE_URL"],
            cache_url=environment["SHOP_CACHE_URL"],
            external_url=environment["SHOP_EXTERNAL_URL"],
            public_url=environment["SHOP_PUBLIC_URL"],
            pool_size=int(given["pool_size"]),
            pool_timeout=float(given["pool_timeout"]),
            recommendations=given["recommendations"] == "on",
            recommendations_timeout=float(given["recommendations_timeout"]),
            payment_timeout=float(given["payment_timeout"]),
            webhook_secret=given["webhook_secret"],
            memory_limit_mb=int(given["memory_limit_mb"]),
        )
