"""The dependencies of services that run through Toxiproxy, and can be disturbed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Toxic:
    """A disturbance of a link, in Toxiproxy's own terms (`type`, `stream`, `toxicity`, `attributes`)."""

    name: str
    type: str
    stream: str = "downstream"
    toxicity: float = 1.0
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LinkStatus:
    name: str
    enabled: bool
    listen: str
    upstream: str
    toxics: tuple[Toxic, ...] = ()
    detail: str = ""
    """For people: why it is as it is, where that is not what one expects."""

    @property
    def state(self) -> dict[str, Any]:
        """What a drill may change of it. Without its addresses: ports may change from one `up` to the next."""
        toxics = {
            toxic.name: {
                "type": toxic.type,
                "stream": toxic.stream,
                "toxicity": toxic.toxicity,
                "attributes": dict(toxic.attributes),
            }
            for toxic in self.toxics
        }
        return {"enabled": self.enabled, "toxics": toxics}


class Links(Protocol):
    """Raises BadInput for an unknown link, EnvironmentFailed when its proxy does not answer."""

    def list(self) -> Sequence[LinkStatus]: ...

    def set(self, link: str, *, enabled: bool) -> None:
        """Let a link through, or cut it (connections are refused, open ones closed)."""
        ...

    def add_toxic(self, link: str, toxic: Toxic) -> None:
        """One that is there already by its name becomes this one."""
        ...

    def remove_toxic(self, link: str, name: str) -> None:
        """Remove it if it is there."""
        ...

    def put_in(self, links: Collection[str]) -> tuple[str, ...]:
        """Lead these through Toxiproxy where that is not always so; returns the services that were restarted for it."""
        ...

    def take_out(self, links: Collection[str]) -> tuple[str, ...]:
        """Let the callers of these reach their callees by themselves again; returns the services that were restarted.

        Nothing happens where a link always runs through Toxiproxy.
        """
        ...

    def used(self, link: str) -> bool | None:
        """Whether its caller has connected since it was led through Toxiproxy; None where that is not known."""
        ...

    def callers(self, links: Collection[str]) -> tuple[str, ...]:
        """The services that are restarted when these are led through Toxiproxy."""
        ...


def bring_back(links: Links, states: Mapping[str, Any]) -> None:
    """Give each link the state (`LinkStatus.state`) that stands under its name; the others stay as they are."""
    for link in links.list():
        ought = states.get(link.name)
        if ought is None or ought == link.state:
            continue
        for toxic in link.toxics:
            if toxic.name not in ought["toxics"]:
                links.remove_toxic(link.name, toxic.name)
        for name, described in ought["toxics"].items():
            links.add_toxic(link.name, Toxic(name, **described))
        links.set(link.name, enabled=ought["enabled"])
