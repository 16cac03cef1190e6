"""The links of the included system: they always run through its Toxiproxy."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from drills.included_shop.ground import Ground
from drills.included_shop.names import Service, link_named
from drills.sandbox.capabilities.links import LinkStatus, Toxic, bring_back
from drills.sandbox.fingerprint import differences
from drills.sandbox.ports import HOST

if TYPE_CHECKING:
    from drills.sandbox.toxiproxy import Toxiproxy


class ShopLinks:
    """See `drills.sandbox.capabilities.links.Links`."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    @property
    def client(self) -> Toxiproxy:
        return toxiproxy_at(self._ground.active().ports[Service.TOXIPROXY])

    def list(self) -> Sequence[LinkStatus]:
        return self.client.links()

    def set(self, link: str, *, enabled: bool) -> None:
        self.client.set_enabled(link_named(link), enabled)

    def add_toxic(self, link: str, toxic: Toxic) -> None:
        self.client.add_toxic(link_named(link), toxic)

    def remove_toxic(self, link: str, name: str) -> None:
        self.client.remove_toxic(link_named(link), name)

    def put_in(self, links: Collection[str]) -> tuple[str, ...]:  # noqa: ARG002 - they always are
        return ()

    def take_out(self, links: Collection[str]) -> tuple[str, ...]:  # noqa: ARG002
        return ()

    def used(self, link: str) -> bool | None:  # noqa: ARG002
        return None

    def callers(self, links: Collection[str]) -> tuple[str, ...]:  # noqa: ARG002
        return ()

    # --- the state before and after a drill

    def state(self) -> Mapping[str, Any]:
        return {link.name: link.state for link in self.list()}

    def restore(self, state: Mapping[str, Any]) -> tuple[str, ...]:
        before = self.state()
        bring_back(self, state)
        return differences("links", before, state)


def toxiproxy_at(port: int) -> Toxiproxy:
    """The server's client."""
    from drills.sandbox.toxiproxy import Toxiproxy  # its HTTP library is slow to load; few commands need it

    return Toxiproxy(f"http://{HOST}:{port}")
