"""The sandbox of the included system: what it has, whichever driver runs its services."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from drills.errors import BadInput, DrillsError
from drills.included_shop.backups import ShopBackups
from drills.included_shop.cache import ShopCaches
from drills.included_shop.certificates import ShopCertificate
from drills.included_shop.changes import ShopChanges
from drills.included_shop.databases import ShopDatabases
from drills.included_shop.disk import ShopDisk
from drills.included_shop.files import ConfigFiles
from drills.included_shop.ground import ShopDriver
from drills.included_shop.health import ask_all
from drills.included_shop.links import ShopLinks
from drills.included_shop.migrations import ShopMigrations
from drills.included_shop.names import Service, link_named, named
from drills.included_shop.releases import ShopReleases
from drills.included_shop.replicas import MAX_REPLICAS, ShopReplicas
from drills.included_shop.restoring import Restoring
from drills.included_shop.settings import ShopSettings
from drills.sandbox.adapters.postgres.database import Postgres
from drills.sandbox.adapters.redis import Redis
from drills.sandbox.capabilities.absent import absent
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.disk import Disk
from drills.sandbox.capabilities.resources import Resources
from drills.sandbox.capabilities.services import Services
from drills.sandbox.commands import Commands
from drills.sandbox.fingerprint import Fingerprint


class ShopSandbox:
    """See `drills.sandbox.sandbox.Sandbox`; `own` is its driver."""

    def __init__(self, own: ShopDriver) -> None:
        self.own = own
        self._ground = own.ground

    @property
    def driver(self) -> str:
        return self.own.name

    @property
    def unavailable(self) -> Mapping[Capability, str]:
        return self.own.unavailable

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset(Capability) - self.unavailable.keys()

    @property
    def service_names(self) -> Sequence[str]:
        return tuple(Service)

    @property
    def secrets(self) -> frozenset[str]:
        known = self._ground.shop
        return frozenset(value for name in known.secrets if (value := known.defaults.get(name)))

    def refusal(self, service: str, act: str) -> str | None:
        wanted = {"sql": Service.DATABASE, "fill": Service.CACHE}.get(act)
        if not service:
            return None if wanted else f"say which service: {act} can be done to several"
        try:
            found = link_named(service) if act == "cut" else named(service, MAX_REPLICAS).service
        except BadInput as error:
            return str(error)
        if wanted not in (None, found):
            return f"{service} cannot do that; {wanted} can"
        return self.own.refusal(service, act)

    @property
    def release_service(self) -> str | None:
        return Service.APP

    def setting_services(self, name: str) -> Sequence[str]:  # noqa: ARG002 - they are the shop's as a whole
        return ()

    @property
    def addresses(self) -> Mapping[str, str]:
        """`app` is a base URL, and so is `app-direct`, which leads to the app around the edge; `edge` is the URL of
        the edge by its public name, `edge-address` its host:port; `dns` is the host:port of the name server and `ca`
        the path of the authority's certificate. `database` is a libpq URL and `cache` a redis:// URL.
        """
        return self.own.addresses

    @property
    def heartbeats(self) -> Path:
        return self._ground.store.heartbeats

    def is_up(self) -> bool:
        return self.own.is_up()

    def up(self) -> None:
        self.own.up()

    def down(self) -> None:
        self.own.down()

    # --- what it has

    @property
    def services(self) -> Services:
        return self.own.services

    @property
    def resources(self) -> Resources:
        return self.own.resources

    @property
    def commands(self) -> Commands:
        return self.own.commands

    @cached_property
    def links(self) -> ShopLinks:
        return ShopLinks(self._ground)

    @cached_property
    def releases(self) -> ShopReleases:
        return ShopReleases(self._ground, self.own.app)

    @cached_property
    def replicas(self) -> ShopReplicas:
        return ShopReplicas(self._ground, self.own.app)

    @cached_property
    def settings(self) -> ShopSettings:
        return ShopSettings(self._ground, self.own.app, self.own.refresh)

    @cached_property
    def changes(self) -> ShopChanges:
        return ShopChanges(self._ground.store)

    @cached_property
    def certificate(self) -> ShopCertificate:
        return ShopCertificate(self._ground, self.own.certificate)

    @cached_property
    def caches(self) -> ShopCaches:
        return ShopCaches(self._ground)

    @property
    def cache(self) -> Redis:
        return self.caches.of()

    @cached_property
    def migrations(self) -> ShopMigrations:
        return ShopMigrations(self._ground, self._owner_url)

    @cached_property
    def backups(self) -> ShopBackups:
        return ShopBackups(self._ground.backups, self._owner_url)

    @property
    def disk(self) -> Disk:
        why_not = self.unavailable.get(Capability.DISK)
        return self._disk if why_not is None else absent(why_not)

    @cached_property
    def _disk(self) -> ShopDisk:
        return ShopDisk(self._ground, self.own.disk, lambda: Capability.DISK in self.capabilities)

    @cached_property
    def databases(self) -> ShopDatabases:
        return ShopDatabases(
            self._owner_url,
            lambda: self.addresses.get("database", ""),
            self._ground.shop_root,
            self.backups,
            self.settings.values,
            self._disk.state,
            lambda: self.services.restart(Service.DATABASE),
        )

    @property
    def database(self) -> Postgres:
        return self.databases.of()

    def _owner_url(self) -> str:
        self._ground.active()
        return self.addresses["database"]

    # --- the whole of it

    def health(self) -> Mapping[str, tuple[bool, str]]:
        return ask_all(
            self.addresses, lambda: self.database.sql("SELECT 1", timeout=3), lambda: self.cache.command("PING")
        )

    def fingerprint(self) -> Fingerprint:
        """What does not answer is `{"reachable": "no"}`, which differs from every good state."""
        self._ground.active()
        return Fingerprint(
            {
                "services": {each.name: _state(str(each.running), each.detail) for each in self.services.list()},
                "replicas": self.replicas.state(),
                "release": self.releases.state(),
                "settings": self.settings.state(),
                "links": _or_unreachable(self.links.state),
                "database": _or_unreachable(self.databases.state),
                "files": ConfigFiles(self._ground.config).state(),
                "cache": _or_unreachable(self.caches.state),
                "certificate": self.certificate.state(),
                "resources": self.own.control.resources(),
            },
            history=self.changes.history(),
        )

    def restore(self, fingerprint: Fingerprint) -> tuple[str, ...]:
        with self.own.ready_for_restore() as recreated:
            if recreated:
                # With the rows that a new database begins with; the old one's are gone.
                rows = {name: part for name, part in self.fingerprint().mapping("database").items() if name == "rows"}
                fingerprint = fingerprint.with_states(database={**fingerprint.mapping("database"), **rows})
            return (*recreated, *Restoring(self, self._disk).run(fingerprint))


def _state(running: str, detail: str) -> str:
    """Up, paused or down; a service of which only a part runs says so."""
    return f"{running}: {detail}" if detail else running


def _or_unreachable(read: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    with contextlib.suppress(DrillsError):
        return read()
    return {"reachable": "no"}
