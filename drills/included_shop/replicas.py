"""How many replicas the app has."""

from __future__ import annotations

from drills.errors import BadInput
from drills.included_shop.ground import AppReplicas, Ground
from drills.included_shop.names import Service
from drills.sandbox import change_history

MAX_REPLICAS = 16


class ShopReplicas:
    """See `drills.sandbox.capabilities.replicas.Replicas`."""

    def __init__(self, ground: Ground, app: AppReplicas) -> None:
        self._ground = ground
        self._app = app

    def scale(self, replicas: int, service: str | None = None) -> None:
        if service not in (None, Service.APP):
            raise BadInput(f"only {Service.APP} can be scaled, not {service}")
        if not 0 <= replicas <= MAX_REPLICAS:
            raise BadInput(f"replicas: a number from 0 to {MAX_REPLICAS}, not {replicas}")
        with self._ground.lock.held():
            before = self._ground.active().replicas
            self._ground.store.change(replicas=replicas)
            self._app.adjust()
            if before != replicas:
                change_history.note(self._ground.store, f"app scaled from {before} to {replicas} replicas")

    # --- the state before and after a drill

    def state(self) -> int:
        return self._ground.store.read().replicas

    def restore(self, state: int) -> tuple[str, ...]:
        before = self.state()
        with self._ground.lock.held():
            self.note(state)
            self._app.adjust()
        return () if before == state else (f"replicas: {before} → {state}",)

    def note(self, state: int) -> None:
        """Aim at that many; those that run are as they are."""
        self._ground.store.change(replicas=state)
