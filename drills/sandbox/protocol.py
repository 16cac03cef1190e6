"""The system that drills break, as the rest of the program sees it: one protocol, one file for each driver.

    users, probes ─┬──► app (n replicas, one address) ──► Toxiproxy link ──► database │ cache │ external API
                   ├──► edge (TLS) ──► app
                   └──► name server (shop.test, the edge's name)

All calls block (the conductor runs them in threads) and end by a deadline of their own: `EnvironmentFailed` tells
what did not answer. Every change is idempotent: asking for what already is does nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from drills.sandbox.commands import Commands


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


class Capability(StrEnum):
    """What a driver can do; a scenario's faults need some of these."""

    SERVICES = "services"
    LINKS = "links"
    RELEASES = "releases"
    SCALE = "scale"
    SETTINGS = "settings"
    SQL = "sql"
    REPLICAS = "replicas"
    """One replica of the app, by its name: `app/1`."""
    CERTIFICATE = "certificate"
    MIGRATIONS = "migrations"
    BACKUPS = "backups"
    DISK = "disk"
    """A bounded disk under the database."""
    RESOURCES = "resources"
    """What each service uses, and limits that can be changed."""


class Running(StrEnum):
    UP = "up"
    PAUSED = "paused"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """`pids` are the processes (or none for containers); `detail` is for people."""

    name: str
    running: Running
    version: str
    address: str
    pids: tuple[int, ...] = ()
    replicas: int = 1
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    version: str
    summary: str
    deployed_at: datetime | None
    current: bool


@dataclass(frozen=True, slots=True)
class Toxic:
    """A disturbance of a link, in Toxiproxy's own terms (`type`, `stream`, `toxicity`, `attributes`)."""

    name: str
    type: str
    stream: str = "downstream"
    toxicity: float = 1.0
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LinkStatus:
    name: str
    enabled: bool
    listen: str
    upstream: str
    toxics: tuple[Toxic, ...] = ()
    detail: str = ""
    """For people: why it is as it is, where that is not what one expects."""


@dataclass(frozen=True, slots=True)
class Change:
    """What an operator (or a pipeline) did to the sandbox; the value of a secret is not told."""

    at: datetime
    what: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """The edge's. `subject` and `issuer` are their common names, `names` those that it is valid for."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class ServiceStats:
    """What a service uses, its replicas together; a limit that there is not, and what cannot be told, is None.

    `cpu` counts cores in use over the last moment. `restarts` are those that nobody asked for: a supervisor's.
    """

    name: str
    replicas: int
    memory_bytes: int
    memory_limit: int | None
    cpu: float
    cpu_limit: float | None
    restarts: int
    oom_kills: int
    disk_bytes: int | None
    disk_limit: int | None
    pids: int


@dataclass(frozen=True, slots=True)
class Migration:
    """A change of the database's tables that can be applied and reverted; `applied_at` is None when it is not in."""

    version: str
    summary: str
    applied_at: datetime | None


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of the database's rows, kept outside it: how many of each table, and how large it is, compressed."""

    name: str
    at: datetime
    tables: Mapping[str, int]
    bytes: int


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """The bounded disk under the database.

    `entries` are the sizes in bytes of what lies on it: `pg_wal`, `base` and the other parts of the data folder, and
    each file of the folder of dumps as `dumps/NAME`. `dumps` is that folder's path as the database server sees it:
    what the server writes there (COPY … TO) lies on this disk.
    """

    total: int
    used: int
    free: int
    entries: Mapping[str, int]
    dumps: str


@dataclass(frozen=True)
class Fingerprint:
    """All that a drill may change, for comparison before and after: equal means mended.

    Only what ought to be the same is in it: no process ids, no times, no counts of rows that users' orders move.
    """

    services: Mapping[str, str]
    replicas: int
    release: str
    settings: Mapping[str, str]
    links: Mapping[str, Any]
    database: Mapping[str, Any]
    files: Mapping[str, str]
    cache: Mapping[str, str] = field(default_factory=dict)
    certificate: str = ""
    """`valid`, or `expired` when it has ended or soon will."""
    resources: Mapping[str, str] = field(default_factory=dict)
    """Limits of services that are no settings."""
    changes: int = field(default=0, compare=False)
    """How many changes had been noted: those of a drill are forgotten when it is undone."""
    deployed: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """What was deployed when: what a drill has deployed and rolled back is forgotten when it is undone."""

    def differences(self, other: Fingerprint) -> tuple[str, ...]:
        """What differs, one line for each field: `settings.pool_size: 10 → 2`."""
        mine, theirs = (
            _flat({each.name: getattr(state, each.name) for each in fields(Fingerprint) if each.compare})
            for state in (self, other)
        )
        return tuple(
            f"{key}: {mine.get(key, 'absent')} → {theirs.get(key, 'absent')}"
            for key in sorted(mine.keys() | theirs.keys())
            if mine.get(key) != theirs.get(key)
        )


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(value, Mapping):
        flat: dict[str, Any] = {}
        for key, item in value.items():
            flat |= _flat(item, f"{prefix}.{key}" if prefix else str(key))
        return flat
    return {prefix: value}


class Sandbox(Protocol):
    """One running (or not yet running) sandbox of a workspace."""

    @property
    def driver(self) -> str:
        """`local` or `compose`."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]: ...

    @property
    def unavailable(self) -> Mapping[Capability, str]:
        """What this driver cannot do here, and why in a few words; the rest is in `capabilities`."""
        ...

    @property
    def service_names(self) -> Sequence[str]:
        """The services that may be named, whether the sandbox is up or not."""
        ...

    def refusal(self, service: str, act: str) -> str | None:
        """Why drills may not do that (`stop`, `kill`, `pause` …) to a service of that name; None when they may."""
        ...

    @property
    def addresses(self) -> Mapping[str, str]:
        """What probes and locustfiles may name as `${app}`, `${database}`, `${cache}`, `${external-api}`, …

        `app` is a base URL, and so is `app-direct`, which leads to the app around the edge; `edge` is the URL of
        the edge by its public name, `edge-address` its host:port; `dns` is the host:port of the name server and `ca`
        the path of the authority's certificate. `database` is a libpq URL and `cache` a redis:// URL that go straight
        to the service, around Toxiproxy. Empty when the sandbox is down.
        """
        ...

    @property
    def commands(self) -> Commands:
        """What runs commands on this machine, in the workspace's folder, or in a container of a service."""
        ...

    def is_up(self) -> bool: ...

    def up(self) -> None:
        """Start what does not run and wait until `/ready` answers. Raises EnvironmentFailed."""
        ...

    def down(self) -> None:
        """End every process that this sandbox started, and only those."""
        ...

    def services(self) -> Sequence[ServiceStatus]:
        """All of them; `detail` says `1 of 2 run` when a part of the app is missing, frozen or to come.

        Frozen ones are named: `1 of 2 run, app/1 is frozen`.

        Wherever a service is named below, `app/1` … `app/N` name a single replica of the app.
        """
        ...

    def start(self, service: str) -> None: ...

    def stop(self, service: str) -> None:
        """Orderly, as an operator would."""
        ...

    def kill(self, service: str) -> None:
        """At once, as a crash would."""
        ...

    def pause(self, service: str) -> None:
        """Freeze: it holds its connections and answers nothing."""
        ...

    def resume(self, service: str) -> None: ...

    def restart(self, service: str | None = None) -> None:
        """Restart one service, or all of them in the order of their dependencies; wait until they answer."""
        ...

    def releases(self) -> Sequence[Release]:
        """Every release, the last deployed first; those never deployed at the end."""
        ...

    def deploy(self, version: str) -> None:
        """Replace the app's release and wait until it is ready. Raises BadInput for an unknown version."""
        ...

    def rollback(self, to: str | None = None) -> str:
        """Deploy the release that ran before (or `to`). Returns its version. Raises BadInput if there is none."""
        ...

    def scale(self, replicas: int) -> None: ...

    def settings(self) -> Mapping[str, str]: ...

    @property
    def secret_settings(self) -> frozenset[str]:
        """The names of the settings whose values are not to be shown."""
        ...

    def set(self, changes: Mapping[str, str]) -> None:
        """Change settings, and restart the services that they belong to. Raises BadInput with the known names."""
        ...

    def changes(self, since: timedelta | None = None) -> Sequence[Change]:
        """What was deployed, rolled back, set, scaled, resized or renewed, the newest first."""
        ...

    def certificate(self) -> Certificate:
        """The certificate that is installed at the edge."""
        ...

    def renew_certificate(self, valid_for: timedelta = timedelta(days=90)) -> None:
        """Install a new one and let the edge load it; a negative `valid_for` gives one that has expired."""
        ...

    def stats(self) -> Sequence[ServiceStats]:
        """What each service uses now; takes a moment, in which processor time is measured."""
        ...

    def resize(self, service: str, *, memory_mb: int | None = None, cpus: float | None = None) -> None:
        """Change the limits of one replica. Raises BadInput, with the reason, for what this driver cannot limit."""
        ...

    def sql(self, statement: str, *, timeout: float = 30.0) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        """Run one statement straight on the database, autocommit. Returns column names and rows."""
        ...

    def migrations(self) -> Sequence[Migration]:
        """Every migration of the shop, the oldest first. Raises EnvironmentFailed when the database is down."""
        ...

    def migrate(self, to: str) -> tuple[str, ...]:
        """Apply the migrations up to that version and revert those after it; "0000" reverts all.

        Returns the versions applied or reverted, in order. Raises BadInput for an unknown version, and when the
        database refuses one; those before it stay.
        """
        ...

    def backups(self) -> Sequence[Backup]:
        """What can be restored, the newest first; `nightly` is there from the first `up` on."""
        ...

    def back_up(self, name: str) -> Backup:
        """Copy all rows of the shop's tables as they are at one moment; replaces a backup of that name.

        Raises BadInput for a name that cannot be used; `nightly` is one.
        """
        ...

    def load_backup(self, name: str, schema: str, tables: Collection[str] = ()) -> Mapping[str, int]:
        """Load a backup's tables (or only those named) into a schema beside the live ones; returns rows of each.

        What lay in that schema under these names is replaced; the live tables are not touched. Raises BadInput for
        an unknown backup or table and for the schema `public`, EnvironmentFailed for a backup that is damaged.
        """
        ...

    def disk(self) -> DiskUsage:
        """The database's disk, also while the database is down. Raises EnvironmentFailed without Capability.DISK."""
        ...

    def remove_from_disk(self, name: str) -> int:
        """Delete `dumps/NAME`, also while the database is down; returns the bytes that came free, 0 if it is gone.

        Raises BadInput for anything that is not a file in dumps/.
        """
        ...

    def redis(self, *words: str) -> Any:
        """Run one Redis command straight on the cache."""
        ...

    def logs(self, service: str, *, since: timedelta | None = None, grep: str | None = None) -> Sequence[str]: ...

    def links(self) -> Sequence[LinkStatus]: ...

    def set_link(self, link: str, *, enabled: bool) -> None:
        """Let a link through, or cut it (connections are refused, open ones closed)."""
        ...

    def add_toxic(self, link: str, toxic: Toxic) -> None: ...

    def remove_toxic(self, link: str, name: str) -> None:
        """Remove it if it is there."""
        ...

    def put_links_in(self, links: Collection[str]) -> tuple[str, ...]:
        """Lead these through Toxiproxy where that is not always so; returns the services that were restarted for it."""
        ...

    def link_carried(self, link: str) -> int | None:
        """Bytes that went through since it was led through Toxiproxy; None where that is not known."""
        ...

    def link_callers(self, links: Collection[str]) -> tuple[str, ...]:
        """The services that are restarted when these are led through Toxiproxy."""
        ...

    def health(self) -> Mapping[str, tuple[bool, str]]:
        """Each health endpoint and service: whether it answers well, and what it said."""
        ...

    def fingerprint(self) -> Fingerprint: ...

    def restore(self, fingerprint: Fingerprint) -> tuple[str, ...]:
        """Bring everything back to that state; returns what had to be changed. Idempotent.

        Raises EnvironmentFailed when it could not.
        """
        ...
