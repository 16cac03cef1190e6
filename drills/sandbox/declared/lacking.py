"""What a declared sandbox does not have yet: asked for it, each refuses with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from drills.errors import NotSupported
from drills.sandbox.capabilities.backups import Backups
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.certificate import InstalledCertificate
from drills.sandbox.capabilities.migrations import Migrations

_WHY: Mapping[Capability, str] = {
    Capability.LINKS: "drills.yaml declares none, in sandbox.links",
    Capability.RELEASES: "drills.yaml declares none, in sandbox.releases",
    Capability.SETTINGS: "drills.yaml declares none, in sandbox.settings",
    Capability.CERTIFICATE: "certificates are the included edge's",
    Capability.MIGRATIONS: "migrations are the included shop's",
    Capability.BACKUPS: "backups are the included shop's",
    Capability.DISK: "drills.yaml names none, as disk of one of sandbox.services",
}


class LacksTheRest:
    """The attributes of `drills.sandbox.sandbox.Sandbox` that a declared sandbox does not have."""

    unavailable: Mapping[Capability, str] = _WHY

    @property
    def migrations(self) -> Migrations:
        self._refuse(Capability.MIGRATIONS)

    @property
    def backups(self) -> Backups:
        self._refuse(Capability.BACKUPS)

    @property
    def certificate(self) -> InstalledCertificate:
        self._refuse(Capability.CERTIFICATE)

    def _refuse(self, capability: Capability) -> NoReturn:
        raise NotSupported(_WHY[capability])
