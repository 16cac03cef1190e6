"""The console that the external API offers its customers, asked over HTTP with a deadline."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from drills.errors import EnvironmentFailed
from drills.included_shop.names import Service
from drills.sandbox.capabilities.services import Running
from drills.sandbox.ports import HOST

if TYPE_CHECKING:
    from drills.included_shop.definitions import ShopDefinitions
    from drills.sandbox.state import StateStore

#: A replay delivers each webhook again before it answers.
SECONDS = 30.0
SETTINGS_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Charges:
    """`listed` are the last ones, as the provider lists them; `twice` the orders that were charged more than once."""

    count: int
    twice: tuple[int, ...]
    listed: tuple[Mapping[str, Any], ...]


class Serving(Protocol):
    """Who acts on a driver's services, as far as it is needed here."""

    @property
    def shop(self) -> ShopDefinitions: ...

    def running(self, service: Service) -> Running: ...


class ProviderConsole:
    """`url` is the external API's own address. Every call raises EnvironmentFailed when it does not answer."""

    def __init__(self, url: str, *, seconds: float = SECONDS) -> None:
        self._url = url
        self._seconds = seconds

    def status(self) -> Mapping[str, str]:
        """Every figure by its path: `webhooks undelivered`."""
        return dict(_flat(self._ask("GET", "/console/status")))

    def keys(self) -> Mapping[str, str]:
        return {name.replace("_", "-"): str(value) for name, value in self._ask("GET", "/console/keys").items()}

    def charges(self, order: int | None = None) -> Charges:
        answer = self._ask("GET", "/console/charges" + ("" if order is None else f"?order={order}"))
        return Charges(int(answer["count"]), tuple(answer["twice"]), tuple(answer["charges"]))

    def replay(self) -> Mapping[str, int]:
        """Send again what was not delivered; how many were, and how many still are not."""
        return {str(name): int(count) for name, count in self._ask("POST", "/console/replay").items()}

    def settings(self) -> Mapping[str, str]:
        """What the provider runs with, as variables of its environment."""
        return self._ask("GET", "/console/settings")

    def change(self, settings: Mapping[str, str]) -> None:
        """Let it run with these from now on; it goes on serving meanwhile, and forgets them when it ends."""
        self._ask("PUT", "/console/settings", settings)

    def _ask(self, method: str, path: str, about: Mapping[str, str] | None = None) -> dict[str, Any]:
        parts = urlsplit(self._url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=self._seconds)
        try:
            connection.request(method, path, None if about is None else json.dumps(dict(about)))
            response = connection.getresponse()
            body = response.read()
            if response.status != 200:
                raise EnvironmentFailed(f"the provider's console answers {response.status}")
            answer: dict[str, Any] = json.loads(body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            said = str(error) or type(error).__name__
            raise EnvironmentFailed(f"the provider's console does not answer: {said}") from error
        finally:
            connection.close()
        return answer


def settings_of(port: int) -> Mapping[str, str] | None:
    """What the external API on that port runs with; None when it does not answer."""
    try:
        return ProviderConsole(f"http://{HOST}:{port}", seconds=SETTINGS_SECONDS).settings()
    except EnvironmentFailed:
        return None


def took_settings(control: Serving, store: StateStore, service: Service) -> bool:
    """Whether a service that runs has taken its present settings without a restart: only the provider can."""
    if service is not Service.EXTERNAL_API or control.running(service) is not Running.UP:
        return False
    state = store.read()
    console = ProviderConsole(f"http://{HOST}:{state.ports[service]}", seconds=SETTINGS_SECONDS)
    try:
        console.change(control.shop.environment(service, state.settings))
    except EnvironmentFailed:
        return False
    return True


def _flat(value: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    for name, item in value.items():
        path = f"{prefix} {name}".strip().replace("_", " ")
        lines += _flat(item, path) if isinstance(item, Mapping) else [(path, str(item))]
    return lines
