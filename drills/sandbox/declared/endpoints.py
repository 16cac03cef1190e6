"""Gives a container other links on its networks: under which name it finds which container, for it alone.

    stop ─► what is there written down ─► disconnect ─► connect with the links ─► forgotten ─► start

The container stays the same one, with all that it wrote; only its names for others change. The engine takes links when
a container is connected, and a process has to begin anew to let go of its old connections: so it is restarted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from drills.sandbox.capabilities.services import Running
from drills.sandbox.compose import acts
from drills.sandbox.compose.containers import Container, Containers, at_once
from drills.sandbox.declared.link_names import Endpoint, endpoints
from drills.sandbox.state import StateStore

#: What the engine gives a container to end in good order, unless its owner says otherwise.
STOP_SECONDS = 10
#: What of an endpoint its owner may have chosen; all else is the engine's.
_CHOSEN = ("IPAMConfig", "DriverOpts", "MacAddress", "GwPriority")

#: Which links an endpoint ought to have, as the engine writes them: `CONTAINER:NAME`.
Links = Callable[[Endpoint], Sequence[str]]


class Endpoints:
    """Callers hold the change lock. All raise EnvironmentFailed."""

    def __init__(self, containers: Containers, store: StateStore) -> None:
        self._containers = containers
        self._store = store

    def of(self, container: Container) -> tuple[Endpoint, ...]:
        return endpoints(self._containers.inspect(container))

    def change(self, containers: Sequence[Container], links: Links) -> tuple[Container, ...]:
        """Give them on each network what `links` says; those that ran run again. Returns those that were changed."""
        changed = [each for each in containers if any(tuple(links(e)) != e.links for e in self.of(each))]
        running = [each for each in changed if each.running is not Running.DOWN]
        acts.stop(self._containers, running, self._grace)
        for each in changed:
            # What is left of an endpoint when it has stopped is what was chosen, and not what the engine gave it.
            about = self._containers.inspect(each)
            for endpoint in endpoints(about):
                if tuple(links(endpoint)) != endpoint.links:
                    as_it_was = _configuration(endpoint, about["NetworkSettings"]["Networks"][endpoint.network])
                    self._reconnect(each.id, endpoint.network, as_it_was, links(endpoint))
        at_once(self._containers.start, running)
        return tuple(changed)

    def _grace(self, container: Container) -> int:
        own: int = self._containers.inspect(container)["Config"].get("StopTimeout") or STOP_SECONDS
        return max(own, STOP_SECONDS)

    def reconnect_all(self) -> None:
        """Connect again what a killed process had disconnected, as it was."""
        left = self._store.read().disconnected
        if not left:
            return
        known = {each.id: each for each in self._containers.list()}
        for container_id, by_network in left.items():
            if container_id in known:
                present = {each.network for each in self.of(known[container_id])}
                for network, configuration in by_network.items():
                    if network not in present:
                        self._connect(container_id, network, configuration)
        self._store.change(disconnected={})

    def _reconnect(self, container_id: str, network: str, as_it_was: dict[str, Any], links: Sequence[str]) -> None:
        self._store.change(disconnected={container_id: {network: as_it_was}})
        with self._containers.api() as api:
            api.disconnect_container_from_network(container_id, network)
        self._connect(container_id, network, {**as_it_was, "Links": list(links) or None})
        self._store.change(disconnected={})

    def _connect(self, container_id: str, network: str, configuration: Mapping[str, Any]) -> None:
        # The library's own call knows a part of what the engine takes.
        body = {"Container": container_id, "EndpointConfig": dict(configuration)}
        with self._containers.api() as api:
            api._raise_for_status(api._post_json(api._url("/networks/{0}/connect", network), data=body))


def _configuration(endpoint: Endpoint, described: Mapping[str, Any]) -> dict[str, Any]:
    """What to connect it with so that it is as before."""
    kept = {key: described[key] for key in _CHOSEN if described.get(key)}
    aliases = [each for each in described.get("Aliases") or () if each != endpoint.container_id[:12]]
    return {**kept, "Aliases": aliases, "Links": list(endpoint.links) or None}
