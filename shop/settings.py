"""What an operator may set, and how a process of the shop reads it from its environment.

Only the standard library is imported here: the sandbox reads `SETTINGS` too, to check what a user sets.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

#: Variables that are not named after their setting: SHOP_DATABASE_URL is the address that the sandbox itself gives.
VARIABLES = {"database_url": "SHOP_DATABASE_URL_SET"}

KEY = r"[\x21-\x7e]{8,128}"
KEY_EXPECTED = "8 to 128 printable characters without blanks"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its value is text that matches `pattern` entirely; a number lies in `lowest`…`highest`.

    `services` are those whose environment carries it. `secret`: its value is masked wherever it is shown.
    """

    name: str
    default: str
    pattern: str
    expects: str
    meaning: str
    lowest: float | None = None
    highest: float | None = None
    services: tuple[str, ...] = ("app",)
    secret: bool = False

    @property
    def variable(self) -> str:
        """The environment variable that carries it."""
        return VARIABLES.get(self.name, f"SHOP_{self.name.upper()}")

    def refusal(self, value: str) -> str | None:
        """Why the value cannot be used, or None when it can."""
        fits = re.fullmatch(self.pattern, value) is not None
        if fits and self.lowest is not None and self.highest is not None:
            fits = self.lowest <= float(value) <= self.highest
        given = "what was given" if self.secret else repr(value)
        return None if fits else f"{self.name} must be {self.expects}, not {given}"


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
        KEY,
        KEY_EXPECTED,
        "The key with which the shop checks the payment provider's webhooks.",
        secret=True,
    ),
    Setting(
        "identity_key",
        "sandbox-identity-key",
        KEY,
        KEY_EXPECTED,
        "The key with which a login asks the provider who somebody is.",
        secret=True,
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
    Setting(
        "database_url",
        "",
        r"|postgres(ql)?://[\x21-\x7e]+",
        "empty, or postgresql://USER@HOST:PORT/DATABASE",
        "The database that the app uses; empty: the sandbox's own, through its link.",
    ),
    Setting(
        "database_password",
        "sandbox-database-password",
        f"|{KEY}",
        f"empty, or {KEY_EXPECTED}",
        "The password of the app's role at the database.",
        secret=True,
    ),
    Setting(
        "allowed_origins",
        "https://www.shop.test",
        r"|https?://[^\s,/]+(,https?://[^\s,/]+)*",
        "origins such as https://www.shop.test, with commas between them",
        "Sites whose pages may read the app's answers in a browser (CORS).",
    ),
    Setting(
        "password_cost",
        "1",
        r"\d+",
        "a whole number from 1 to 10000",
        "Work factor of the passwords' hash: how much processor time one login takes.",
        1,
        10000,
    ),
    Setting(
        "recommendations_cache",
        "0",
        r"\d+(\.\d+)?",
        "seconds from 0 to 3600",
        "How long the home page shows the same recommendations before it asks again; 0: asks each time.",
        0,
        3600,
    ),
    Setting(
        "maintenance",
        "off",
        r"on|off",
        "on or off",
        "Whether users and partners are turned away with 503; health endpoints answer as ever.",
    ),
    Setting(
        "provider_webhook_secret",
        "sandbox-webhook-secret",
        KEY,
        KEY_EXPECTED,
        "The key with which the payment provider signs its webhooks.",
        services=("external-api",),
        secret=True,
    ),
    Setting(
        "provider_identity_key",
        "sandbox-identity-key",
        KEY,
        KEY_EXPECTED,
        "The key that the provider wants to see before it tells who somebody is.",
        services=("external-api",),
        secret=True,
    ),
    Setting(
        "provider_rate_limit",
        "0",
        r"\d+",
        "requests a minute from 0 (no limit) to 100000",
        "How many recommendations a minute the provider gives out; more are refused (429).",
        0,
        100000,
        services=("external-api",),
    ),
    Setting(
        "public_address",
        "127.0.0.1",
        r"|\d{1,3}(\.\d{1,3}){3}",
        "empty, or an IPv4 address",
        "What the name shop.test stands for; empty: there is no such name.",
        services=("dns",),
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
    identity_key: str
    database_password: str
    allowed_origins: frozenset[str]
    password_cost: int
    recommendations_cache: float
    maintenance: bool

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Raises ValueError that names a setting whose value cannot be used, KeyError for an address not given."""
        given = {setting.name: environment.get(setting.variable, setting.default) for setting in SETTINGS}
        for setting in SETTINGS:
            if why := setting.refusal(given[setting.name]):
                raise ValueError(why)
        return cls(
            release=environment["SHOP_RELEASE"],
            database_url=given["database_url"] or environment["SHOP_DATABASE_URL"],
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
            identity_key=given["identity_key"],
            database_password=given["database_password"],
            allowed_origins=frozenset(filter(None, given["allowed_origins"].split(","))),
            password_cost=int(given["password_cost"]),
            recommendations_cache=float(given["recommendations_cache"]),
            maintenance=given["maintenance"] == "on",
        )
