"""What the included system's services and links are called; a wrong name is reported with the valid names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from drills.errors import BadInput
from drills.nearest import suggest


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


@dataclass(frozen=True, slots=True)
class Named:
    """A service, or only that replica of the app, counted from 1 (the one that began first)."""

    service: Service
    replica: int | None = None

    def act(self, on_replica: Callable[[int], None], on_service: Callable[[Service], None]) -> None:
        """Do the one or the other, as it is a replica or a whole service."""
        if self.replica is not None:
            on_replica(self.replica)
        else:
            on_service(self.service)


def named(name: str, replicas: int) -> Named:
    """What the name stands for while the app ought to have so many replicas. Raises BadInput."""
    service, slash, number = name.partition("/")
    if not slash:
        return Named(service_named(name))
    if service_named(service) is not Service.APP:
        raise BadInput(f"there is no {name!r}: only the app has replicas")
    if not number.isascii() or not number.isdigit() or not 1 <= int(number) <= replicas:
        known = f"app/1 to app/{replicas}" if replicas > 1 else "app/1" if replicas else "none"
        raise BadInput(f"there is no {name!r}; the app's replicas are: {known}")
    return Named(Service.APP, int(number))


def service_named(name: str) -> Service:
    """Raises BadInput."""
    try:
        return Service(name)
    except ValueError:
        raise BadInput(f"there is no service {name!r}; {suggest(name, Service)}") from None


def link_named(name: str) -> Link:
    """Raises BadInput."""
    try:
        return Link(name)
    except ValueError:
        raise BadInput(f"there is no link {name!r}; {suggest(name, Link)}") from None


def part_of(service: str, well: int, wanted: int, frozen: Sequence[int]) -> str:
    """How a service stands of which not all run: `1 of 2 run, app/1 is frozen`."""
    which = ", ".join(f"{service}/{number}" for number in frozen)
    return f"{well} of {wanted} run" + (f", {which} {'is' if len(frozen) == 1 else 'are'} frozen" if frozen else "")
