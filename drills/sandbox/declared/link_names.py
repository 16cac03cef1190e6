"""Which names of a callee lead a caller to it, as the engine's own name server has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: The engine's own networks, on which nobody has a name.
_NAMELESS = frozenset({"bridge", "host", "none"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One container on one network, as the engine describes it."""

    container_id: str
    container: str
    network: str
    aliases: tuple[str, ...]
    links: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        """What others on that network may call it, without the engine's own abbreviation of its id."""
        return frozenset({self.container, *self.aliases}) - {self.container_id[:12]}


def endpoints(about: Mapping[str, Any]) -> tuple[Endpoint, ...]:
    """From the engine's description of a container, by network."""
    networks = (about.get("NetworkSettings") or {}).get("Networks") or {}
    return tuple(
        Endpoint(
            container_id=str(about["Id"]),
            container=str(about["Name"]).removeprefix("/"),
            network=str(name),
            aliases=(*(each.get("Aliases") or ()), *(each.get("DNSNames") or ())),
            links=tuple(each.get("Links") or ()),
        )
        for name, each in sorted(networks.items())
    )


def shared(callers: Sequence[Endpoint], callees: Sequence[Endpoint]) -> tuple[str, ...]:
    """The networks on which every caller meets a callee and has names for it, by name."""
    reached = {each.network for each in callees} - _NAMELESS
    of_each = [{e.network for e in callers if e.container == name} for name in {each.container for each in callers}]
    return tuple(sorted(reached.intersection(*of_each))) if of_each else ()


def names_of(callees: Sequence[Endpoint], network: str) -> frozenset[str]:
    """What a callee is called on a network. Of several replicas only what stands for all of them: one cannot be told
    from another behind a proxy.
    """
    here = [each.names for each in callees if each.network == network]
    return here[0].intersection(*here[1:]) if here else frozenset()


def own_words(caller: Endpoint, callees: Sequence[Endpoint]) -> frozenset[str]:
    """What the caller alone calls a callee: the aliases of its own `links`."""
    targets = {each.container for each in callees}
    pairs = (link.partition(":") for link in caller.links)
    return frozenset(alias or target for target, _, alias in pairs if target.removeprefix("/") in targets)
