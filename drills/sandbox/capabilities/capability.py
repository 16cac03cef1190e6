"""The names of what a sandbox may have; a kind of fault needs some of these."""

from __future__ import annotations

from enum import StrEnum


class Capability(StrEnum):
    """What a driver can do; a scenario's faults need some of these."""

    SERVICES = "services"
    LINKS = "links"
    RELEASES = "releases"
    SCALE = "scale"
    SETTINGS = "settings"
    CHANGES = "changes"
    """A history of what operators and pipelines did."""
    SQL = "sql"
    CACHE = "cache"
    REPLICAS = "replicas"
    """One replica of a service, by its name: `web/1`."""
    CERTIFICATE = "certificate"
    MIGRATIONS = "migrations"
    BACKUPS = "backups"
    DISK = "disk"
    """A bounded disk under the database."""
    RESOURCES = "resources"
    """What each service uses, and limits that can be changed."""
    STRESS = "stress"
    """Programs that spin in a service's own container, within its limits."""
