"""A sandbox on paper: it keeps its state in memory, and its runner can be made to die between any two changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from drills.errors import BadInput, EnvironmentFailed
from drills.included_shop.names import Link, Service
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.certificate import Certificate
from drills.sandbox.capabilities.disk import DiskUsage
from drills.sandbox.capabilities.links import LinkStatus, Toxic
from drills.sandbox.capabilities.migrations import Migration
from drills.sandbox.capabilities.releases import Release
from drills.sandbox.capabilities.services import Running, ServiceStatus
from drills.sandbox.fingerprint import Fingerprint
from tests.faults.flat import Flat
from tests.faults.paper_database import PaperDatabase

MIGRATIONS = ("0001", "0002", "0003")
SETTINGS = {"pool_size": "3", "webhook_secret": "a-secret-of-the-shop"}
CACHE_SETTINGS = {"maxmemory": "0", "maxmemory-policy": "allkeys-lru"}
REPLICAS = 2
DISK_BYTES = 256 * 2**20


class RunnerDied(BaseException):
    """Stands for SIGKILL: nothing may catch it."""


class PaperSandbox(Flat):
    driver = "paper"
    capabilities = frozenset(Capability)
    unavailable: Mapping[Capability, str] = {}
    secret_settings: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()
    service_names = tuple(Service)
    release_service = Service.APP

    def setting_services(self, name: str) -> Sequence[str]:
        return ()

    def refusal(self, service: str, act: str) -> str | None:
        return None

    def __init__(self) -> None:
        self.running = dict.fromkeys(Service, Running.UP)
        self.proxies = fresh_links()
        self.release = "1.1.0"
        self.rows = PaperDatabase(lambda what: self.change(what))
        self.rows.dump, self.rows.write_wal = self._dump, self._write_wal
        self.paused_replicas: set[int] = set()
        self.written_settings = dict(SETTINGS)
        self.settings_in_effect = dict(SETTINGS)
        self.valid_for = timedelta(days=60)
        self.migrated = "0002"
        self.cached: dict[str, str] = {}
        self.cache_settings = dict(CACHE_SETTINGS)
        self.dumps: dict[str, int] = {}
        self.changes_left: int | None = None
        self.changed: list[str] = []
        self.is_down = False

    def change(self, what: str) -> None:
        """Called before each single change."""
        if self.changes_left is not None:
            if self.changes_left == 0:
                raise RunnerDied
            self.changes_left -= 1
        self.changed.append(what)

    def need(self, service: Service) -> None:
        if self.is_down or self.running[service] is not Running.UP:
            raise EnvironmentFailed(f"{service} does not answer")

    @property
    def addresses(self) -> Mapping[str, str]:
        return {"database": "postgresql://paper"}

    def is_up(self) -> bool:
        return not self.is_down

    def up(self) -> None:
        self.is_down = False

    def down(self) -> None:
        self.is_down = True

    def services_list(self) -> Sequence[ServiceStatus]:
        part = f"{REPLICAS - len(self.paused_replicas)} of {REPLICAS} run" if self.paused_replicas else ""
        return [
            ServiceStatus(name, running, "", "", detail=part if name is Service.APP else "")
            for name, running in self.running.items()
        ]

    def start(self, service: str) -> None:
        if service == Service.DATABASE and self.free < 2**20:
            raise EnvironmentFailed("database did not come up: No space left on device")
        if self.running[Service(service)] is Running.DOWN:
            self.change(f"start {service}")
            self.running[Service(service)] = Running.UP
        if service == Service.TOXIPROXY and not self.proxies:
            self.change("links")
            self.proxies = fresh_links()

    def stop(self, service: str) -> None:
        self.change(f"ask {service} to stop")
        self.kill(service)

    def kill(self, service: str) -> None:
        self.change(f"kill {service}")
        self.running[Service(service)] = Running.DOWN
        if service == Service.TOXIPROXY:
            self.proxies = {}

    def pause(self, service: str) -> None:
        self.change(f"pause {service}")
        if "/" in service:
            self.paused_replicas.add(int(service.partition("/")[2]))
            return
        self.running[Service(service)] = Running.PAUSED

    def resume(self, service: str) -> None:
        if service == Service.APP and self.paused_replicas:
            self.change("resume replicas")
            self.paused_replicas.clear()
        if self.running[Service(service)] is Running.PAUSED:
            self.change(f"resume {service}")
            self.running[Service(service)] = Running.UP

    def restart(self, service: str | None = None) -> None: ...

    def releases_list(self) -> Sequence[Release]:
        return [Release(version, "", None, version == self.release) for version in ("1.0.0", "1.1.0", "1.2.0")]

    def deploy(self, version: str) -> None:
        self.change("end the old release")
        self.running[Service.APP] = Running.DOWN
        self.change("note the new release")
        self.release = version
        self.start(Service.APP)

    def rollback(self, to: str | None = None) -> str:
        self.deploy(to or "1.0.0")
        return self.release

    def scale(self, replicas: int, service: str | None = None) -> None: ...

    def settings_values(self) -> Mapping[str, str]:
        return dict(self.written_settings)

    def set(self, changes: Mapping[str, str]) -> None:
        if self.written_settings | changes != self.written_settings:
            self.change("note the settings")
            self.written_settings |= changes
        if self.settings_in_effect != self.written_settings:
            self.change("restart with the settings")
            self.settings_in_effect = dict(self.written_settings)

    def certificate_read(self) -> Certificate:
        now = datetime.now(UTC)
        return Certificate("shop.test", "paper", ("shop.test",), now - timedelta(days=90), now + self.valid_for)

    def renew_certificate(self, valid_for: timedelta = timedelta(days=90)) -> None:
        self.change("install a certificate")
        self.valid_for = valid_for

    def migrations_list(self) -> Sequence[Migration]:
        self.need(Service.DATABASE)
        applied = datetime(2026, 1, 1, tzinfo=UTC)
        return [Migration(version, "", applied if version <= self.migrated else None) for version in MIGRATIONS]

    def migrate(self, to: str) -> tuple[str, ...]:
        self.need(Service.DATABASE)
        self.change(f"migrate to {to}")
        self.migrated = to
        return ()

    def sql(self, statement: str, *, timeout: float = 30.0) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        self.need(Service.DATABASE)
        return [], self.rows.answer(statement)

    @property
    def free(self) -> int:
        return DISK_BYTES - sum(self.dumps.values()) - self.rows.kept_wal

    def disk_usage(self) -> DiskUsage:
        entries = {"pg_wal": self.rows.kept_wal} | {f"dumps/{name}": size for name, size in self.dumps.items()}
        return DiskUsage(DISK_BYTES, DISK_BYTES - self.free, self.free, entries, "/paper/dumps")

    def remove_from_disk(self, name: str) -> int:
        file = name.removeprefix("dumps/")
        if file in self.dumps:
            self.change(f"remove {name}")
        return self.dumps.pop(file, 0)

    def _dump(self, name: str) -> None:
        self.change(f"dump {name}")
        self.dumps[name] = self.free // 2

    def _write_wal(self) -> None:
        if self.free < 2**20:
            self.running[Service.DATABASE] = Running.DOWN
            raise EnvironmentFailed("the database does not answer: No space left on device")
        self.change("write WAL")
        self.rows.kept_wal += self.free

    def redis(self, *words: str) -> Any:
        self.need(Service.CACHE)
        match words:
            case ("INFO", "memory"):
                return {"used_memory": 2**21 + sum(map(len, self.cached.values()))}
            case ("CONFIG", "GET", name):
                return {name: self.cache_settings[name]}
            case ("CONFIG", "SET", name, value):
                self.change(f"{name} {value}")
                self.cache_settings[name] = value
            case ("SET", key, value, *_):
                limit = int(self.cache_settings["maxmemory"])
                if limit and self.redis("INFO", "memory")["used_memory"] > limit:
                    raise BadInput("the cache refuses the command: OOM")
                self.change(f"set {key}")
                self.cached[key] = value
            case ("EXISTS", *keys):
                return sum(key in self.cached for key in keys)
            case ("DEL", *keys):
                if self.cached.keys() & set(keys):
                    self.change("delete keys")
                self.cached = {key: value for key, value in self.cached.items() if key not in keys}
        return None

    def logs(self, service: str, *, since: timedelta | None = None, grep: str | None = None) -> Sequence[str]:
        return []

    def links_list(self) -> Sequence[LinkStatus]:
        self.need(Service.TOXIPROXY)
        return list(self.proxies.values())

    def set_link(self, link: str, *, enabled: bool) -> None:
        self.need(Service.TOXIPROXY)
        if self.proxies[link].enabled is not enabled:
            self.change(f"link {link} enabled: {enabled}")
            self.proxies[link] = replace(self.proxies[link], enabled=enabled)

    def add_toxic(self, link: str, toxic: Toxic) -> None:
        self.need(Service.TOXIPROXY)
        self.change(f"toxic {toxic.name} on {link}")
        self.proxies[link] = replace(self.proxies[link], toxics=(*self.proxies[link].toxics, toxic))

    def remove_toxic(self, link: str, name: str) -> None:
        self.need(Service.TOXIPROXY)
        kept = tuple(toxic for toxic in self.proxies[link].toxics if toxic.name != name)
        if kept != self.proxies[link].toxics:
            self.change(f"no toxic {name} on {link}")
            self.proxies[link] = replace(self.proxies[link], toxics=kept)

    def health(self) -> Mapping[str, tuple[bool, str]]:
        return {}

    def fingerprint(self) -> Fingerprint:
        return Fingerprint(
            {
                "services": {name: str(running) for name, running in self.running.items()},
                "replicas": 1,
                "release": self.release,
                "settings": {"written": dict(self.written_settings), "in effect": dict(self.settings_in_effect)},
                "links": {
                    name: {"enabled": link.enabled, "toxics": [toxic.name for toxic in link.toxics]}
                    for name, link in self.proxies.items()
                },
                "database": self.rows.state() | {"migration": self.migrated},
                "files": dict.fromkeys(self.dumps, "a dump"),
                "cache": dict(self.cache_settings) | dict.fromkeys(self.cached, "a key"),
                "certificate": "valid" if self.valid_for > timedelta(0) else "expired",
                "resources": {"paused": sorted(self.paused_replicas)},
            }
        )

    def restore(self, fingerprint: Fingerprint) -> tuple[str, ...]:
        differences = self.fingerprint().differences(fingerprint)
        for service in Service:
            self.resume(service)
            self.start(service)
        self.proxies = fresh_links()
        self.rows.indexes = dict(fingerprint.states["database"]["indexes"])
        if self.release != fingerprint.states["release"]:
            self.deploy(fingerprint.states["release"])
        return differences


def fresh_links() -> dict[str, LinkStatus]:
    return {link.value: LinkStatus(link.value, True, "listen", "upstream") for link in Link}
