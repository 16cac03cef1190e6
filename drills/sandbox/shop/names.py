"""The services and links of the included shop."""

from __future__ import annotations

from enum import StrEnum


class Service(StrEnum):
    """The parts of the included sandbox; each can be stopped, killed, paused and restarted."""

    APP = "app"
    DATABASE = "database"
    CACHE = "cache"
    EXTERNAL_API = "external-api"
    TOXIPROXY = "toxiproxy"
    EDGE = "edge"
    DNS = "dns"


class Link(StrEnum):
    """The dependency edges that run through Toxiproxy."""

    APP_DATABASE = "app-database"
    APP_CACHE = "app-cache"
    APP_EXTERNAL_API = "app-external-api"
