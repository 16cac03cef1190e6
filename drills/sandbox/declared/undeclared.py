"""What a declared system has not, and why: drills.yaml declares none, or there is none of any compose project."""

from __future__ import annotations

from collections.abc import Mapping

from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.declared.system import DeclaredSystem

_NEVER: Mapping[Capability, str] = {
    Capability.CERTIFICATE: "drills renews no certificate of a compose project of your own",
    Capability.MIGRATIONS: "drills runs no migrations of a compose project of your own",
    Capability.BACKUPS: "a compose project of your own has dumps instead: drills sandbox dump, and load-dump",
}


def undeclared(system: DeclaredSystem) -> Mapping[Capability, str]:
    """Why, in a few words, for each capability that a sandbox of this system lacks."""
    declared: Mapping[Capability, tuple[bool, str]] = {
        Capability.LINKS: (bool(system.links), "drills.yaml declares none, in sandbox.links"),
        Capability.RELEASES: (system.releases is not None, "drills.yaml declares none, in sandbox.releases"),
        Capability.SETTINGS: (bool(system.settings), "drills.yaml declares none, in sandbox.settings"),
        Capability.DISK: (
            any(each.disk for each in system.services.values()),
            "drills.yaml names none, as disk of one of sandbox.services",
        ),
    }
    return {**{each: why for each, (there, why) in declared.items() if not there}, **_NEVER}
