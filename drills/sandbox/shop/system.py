"""The included system as the rest of the program meets it; loads a driver only to open its sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from drills.included import included_root
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.choice import COMPOSE, LOCAL, driver_of, project_of
from drills.sandbox.shop.compose.ports import PORTS, port_variable
from drills.sandbox.shop.names import Service
from drills.sandbox.shop.provider_commands import PROVIDER
from drills.sandbox.system import Opening, PublishedPort, System

if TYPE_CHECKING:
    from drills.sandbox.sandbox import Sandbox

#: Why nothing can be limited to one service where services are processes.
NO_CONTAINERS = "its services are processes, which share all processors of this machine"


class Shop(System):
    """As containers, or as processes where there is no engine."""

    commands = (PROVIDER,)
    ports = tuple(
        PublishedPort(port_variable(name), usual, datagrams=name == Service.DNS)
        for name, (_service, _inside, usual) in PORTS.items()
    )

    def open(self, opening: Opening) -> Sandbox:
        """Raises BadInput for a compose file that is not there, and for an engine that is not this machine's."""
        from drills.sandbox.shop.sandbox import ShopSandbox

        place = opening.place
        if driver_of(place) == COMPOSE:
            from drills.sandbox.shop.compose.driver import ComposeDriver

            project = project_of(place)
            return ShopSandbox(
                ComposeDriver(
                    project,
                    place.compose_folder,
                    # The compose file builds the shop that lies beside it.
                    project.folder if (project.folder / "shop").is_dir() else included_root(),
                    allow_remote_engine=opening.allow_remote_engine,
                    home=place.home,
                )
            )
        from drills.sandbox.shop.local.driver import LocalDriver

        return ShopSandbox(
            LocalDriver(place.folder, included_root(), place.name, cache_dir=opening.cache, home=place.home)
        )

    def unavailable(self, driver: str) -> Mapping[Capability, str]:
        if driver != LOCAL:
            return {}
        from drills.sandbox.shop.local.disk import refusal

        why = refusal()
        return {Capability.STRESS: NO_CONTAINERS, **({} if why is None else {Capability.DISK: why})}
