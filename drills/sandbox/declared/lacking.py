"""What a declared sandbox does not have yet: each is refused in one line, and none is empty by accident."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, NoReturn

from drills.errors import NotSupported
from drills.sandbox.protocol import (
    Backup,
    Capability,
    Certificate,
    Change,
    DiskUsage,
    Migration,
    Release,
)

_WHY: Mapping[Capability, str] = {
    Capability.LINKS: "drills.yaml declares none, in sandbox.links",
    Capability.RELEASES: "releases of a compose project of one's own are not supported",
    Capability.SCALE: "replicas of a compose project of one's own cannot be changed",
    Capability.SETTINGS: "settings of a compose project of one's own are not supported",
    Capability.SQL: "the databases of a compose project of one's own are not asked",
    Capability.REPLICAS: "replicas are the included app's",
    Capability.CERTIFICATE: "certificates are the included edge's",
    Capability.MIGRATIONS: "migrations are the included shop's",
    Capability.BACKUPS: "backups are the included shop's",
    Capability.DISK: "disks of a compose project of one's own are not bounded",
}


class LacksTheRest:
    """The members of `drills.sandbox.protocol.Sandbox` that a declared sandbox refuses, or has none of."""

    unavailable: Mapping[Capability, str] = _WHY
    secret_settings: frozenset[str] = frozenset()

    def releases(self) -> Sequence[Release]:
        return ()

    def deploy(self, version: str) -> None:
        self._refuse(Capability.RELEASES, version)

    def rollback(self, to: str | None = None) -> str:
        self._refuse(Capability.RELEASES, to)

    def scale(self, replicas: int) -> None:
        self._refuse(Capability.SCALE, replicas)

    def settings(self) -> Mapping[str, str]:
        return {}

    def set(self, changes: Mapping[str, str]) -> None:
        self._refuse(Capability.SETTINGS, changes)

    def changes(self, since: timedelta | None = None) -> Sequence[Change]:  # noqa: ARG002
        return ()

    def certificate(self) -> Certificate:
        self._refuse(Capability.CERTIFICATE)

    def renew_certificate(self, valid_for: timedelta = timedelta(days=90)) -> None:
        self._refuse(Capability.CERTIFICATE, valid_for)

    def sql(self, statement: str, *, timeout: float = 30.0) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        self._refuse(Capability.SQL, statement, timeout)

    def migrations(self) -> Sequence[Migration]:
        self._refuse(Capability.MIGRATIONS)

    def migrate(self, to: str) -> tuple[str, ...]:
        self._refuse(Capability.MIGRATIONS, to)

    def backups(self) -> Sequence[Backup]:
        return ()

    def back_up(self, name: str) -> Backup:
        self._refuse(Capability.BACKUPS, name)

    def load_backup(self, name: str, schema: str, tables: Collection[str] = ()) -> Mapping[str, int]:
        self._refuse(Capability.BACKUPS, name, schema, tables)

    def disk(self) -> DiskUsage:
        self._refuse(Capability.DISK)

    def remove_from_disk(self, name: str) -> int:
        self._refuse(Capability.DISK, name)

    def redis(self, *words: str) -> Any:
        self._refuse(Capability.SQL, words)

    def _refuse(self, capability: Capability, *_asked: object) -> NoReturn:
        raise NotSupported(_WHY[capability])
