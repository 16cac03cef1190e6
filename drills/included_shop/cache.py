"""The cache of the included system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drills.errors import BadInput
from drills.included_shop.ground import Ground
from drills.included_shop.names import Service
from drills.sandbox import direct
from drills.sandbox.adapters.redis import Redis
from drills.sandbox.fingerprint import differences

#: The cache's own settings that drills turn.
_SETTINGS = ("maxmemory", "maxmemory-policy")


class ShopCaches:
    """See `drills.sandbox.capabilities.cache.Caches`: there is one."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def of(self, service: str | None = None) -> Redis:
        if service not in (None, Service.CACHE):
            raise BadInput(f"{service} does not answer Redis commands; {Service.CACHE} does")
        return Redis(Service.CACHE, self._command)

    def _command(self, *words: str) -> Any:
        return direct.command(self._ground.active().ports[Service.CACHE], words)

    # --- the state before and after a drill

    def state(self) -> Mapping[str, str]:
        cache = self.of()
        return {name: cache.setting(name) for name in _SETTINGS}

    def restore(self, state: Mapping[str, str]) -> tuple[str, ...]:
        before = self.state()
        wanted = {name: value for name, value in state.items() if name in before}
        for name, value in wanted.items():
            if value != before[name]:
                self.of().set(name, value)
        return differences("cache", before, {**before, **wanted})
