"""The capabilities of a sandbox on paper, which has every method itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, NoReturn

from drills.errors import BadInput, NotSupported
from drills.included_shop.names import Service
from drills.sandbox.adapters.postgres.database import Postgres
from drills.sandbox.adapters.redis import Redis
from drills.sandbox.capabilities.backups import Backup
from drills.sandbox.capabilities.certificate import Certificate
from drills.sandbox.capabilities.changes import Change
from drills.sandbox.capabilities.disk import DiskUsage
from drills.sandbox.capabilities.links import LinkStatus, Toxic
from drills.sandbox.capabilities.migrations import Migration
from drills.sandbox.capabilities.releases import Release
from drills.sandbox.capabilities.resources import ServiceStats
from drills.sandbox.capabilities.services import ServiceStatus


class _Part:
    def __init__(self, whole: Any) -> None:
        self._whole = whole


class _Services(_Part):
    def list(self) -> Sequence[ServiceStatus]:
        return self._whole.services_list()

    def start(self, service: str) -> None:
        self._whole.start(service)

    def stop(self, service: str) -> None:
        self._whole.stop(service)

    def kill(self, service: str) -> None:
        self._whole.kill(service)

    def pause(self, service: str) -> None:
        self._whole.pause(service)

    def resume(self, service: str) -> None:
        self._whole.resume(service)

    def restart(self, service: str | None = None) -> None:
        self._whole.restart(service)

    def logs(self, service: str, *, since: timedelta | None = None, grep: str | None = None) -> Sequence[str]:
        return self._whole.logs(service, since=since, grep=grep)


class _Resources(_Part):
    def stats(self) -> Sequence[ServiceStats]:
        return self._whole.stats()

    def resize(self, service: str, *, memory_mb: int | None = None, cpus: float | None = None) -> None:
        self._whole.resize(service, memory_mb=memory_mb, cpus=cpus)

    def lift_cpus(self, service: str) -> None:
        self._whole.lift_cpus(service)


class _Links(_Part):
    def list(self) -> Sequence[LinkStatus]:
        return self._whole.links_list()

    def set(self, link: str, *, enabled: bool) -> None:
        self._whole.set_link(link, enabled=enabled)

    def add_toxic(self, link: str, toxic: Toxic) -> None:
        self._whole.add_toxic(link, toxic)

    def remove_toxic(self, link: str, name: str) -> None:
        self._whole.remove_toxic(link, name)

    def put_in(self, links: Collection[str]) -> tuple[str, ...]:
        return ()

    def take_out(self, links: Collection[str]) -> tuple[str, ...]:
        return ()

    def used(self, link: str) -> bool | None:
        return None

    def callers(self, links: Collection[str]) -> tuple[str, ...]:
        return ()


class _Releases(_Part):
    @property
    def service(self) -> str:
        return self._whole.release_service

    def refusal(self, version: str) -> str | None:
        return None

    def list(self) -> Sequence[Release]:
        return self._whole.releases_list()

    def deploy(self, version: str) -> None:
        self._whole.deploy(version)

    def rollback(self, to: str | None = None) -> str:
        return self._whole.rollback(to)


class _Replicas(_Part):
    def scale(self, replicas: int, service: str | None = None) -> None:
        self._whole.scale(replicas, service)


class _Settings(_Part):
    def values(self) -> Mapping[str, str]:
        return self._whole.settings_values()

    @property
    def secret(self) -> frozenset[str]:
        return self._whole.secret_settings

    def set(self, changes: Mapping[str, str | None]) -> None:
        self._whole.set(changes)


class _Changes(_Part):
    def list(self, since: timedelta | None = None) -> Sequence[Change]:
        return self._whole.changes_list(since)


class _Certificate(_Part):
    def read(self) -> Certificate:
        return self._whole.certificate_read()

    def renew(self, valid_for: timedelta = timedelta(days=90)) -> None:
        self._whole.renew_certificate(valid_for)


class _Databases(_Part):
    def of(self, service: str | None = None) -> Postgres:
        _refuse_other(service, Service.DATABASE)
        return Postgres(Service.DATABASE, self._whole.addresses.get("database", ""), self._whole.sql)

    def dumps(self, service: str | None = None) -> NoReturn:
        raise NotSupported("the included system has backups: drills sandbox back-up, and load-backup")


class _Caches(_Part):
    def of(self, service: str | None = None) -> Redis:
        _refuse_other(service, Service.CACHE)
        return Redis(Service.CACHE, self._whole.redis)


def _refuse_other(service: str | None, only: Service) -> None:
    if service not in (None, only):
        raise BadInput(f"{service} does not answer SQL; {only} does")


class _Migrations(_Part):
    def list(self) -> Sequence[Migration]:
        return self._whole.migrations_list()

    def migrate(self, to: str) -> tuple[str, ...]:
        return self._whole.migrate(to)


class _Backups(_Part):
    def list(self) -> Sequence[Backup]:
        return self._whole.backups_list()

    def back_up(self, name: str) -> Backup:
        return self._whole.back_up(name)

    def load(self, name: str, schema: str, tables: Collection[str] = ()) -> Mapping[str, int]:
        return self._whole.load_backup(name, schema, tables)


class _Disk(_Part):
    service = Service.DATABASE

    def folder(self, service: str) -> str:
        raise NotSupported(
            f"the disk of {service} is not filled by a file; leave service out: the database's is filled"
        )

    def usage(self) -> DiskUsage:
        return self._whole.disk_usage()

    def remove(self, name: str) -> int:
        return self._whole.remove_from_disk(name)


class Flat:
    """Gives a class that has every method itself the attributes of a sandbox."""

    @property
    def services(self) -> _Services:
        return _Services(self)

    @property
    def resources(self) -> _Resources:
        return _Resources(self)

    @property
    def links(self) -> _Links:
        return _Links(self)

    @property
    def releases(self) -> _Releases:
        return _Releases(self)

    @property
    def replicas(self) -> _Replicas:
        return _Replicas(self)

    @property
    def settings(self) -> _Settings:
        return _Settings(self)

    @property
    def changes(self) -> _Changes:
        return _Changes(self)

    @property
    def certificate(self) -> _Certificate:
        return _Certificate(self)

    @property
    def databases(self) -> _Databases:
        return _Databases(self)

    @property
    def database(self) -> Postgres:
        return self.databases.of()

    @property
    def caches(self) -> _Caches:
        return _Caches(self)

    @property
    def cache(self) -> Redis:
        return self.caches.of()

    @property
    def migrations(self) -> _Migrations:
        return _Migrations(self)

    @property
    def backups(self) -> _Backups:
        return _Backups(self)

    @property
    def disk(self) -> _Disk:
        return _Disk(self)
