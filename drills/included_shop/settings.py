"""The shop's settings: read, and changed with whatever runs with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256

from drills.errors import BadInput
from drills.included_shop.ground import AppReplicas, Ground
from drills.sandbox import change_history
from drills.sandbox.fingerprint import differences


class ShopSettings:
    """See `drills.sandbox.capabilities.settings.Settings`. `refresh` gives the services behind the app theirs."""

    def __init__(self, ground: Ground, app: AppReplicas, refresh: Callable[[], None]) -> None:
        self._ground = ground
        self._app = app
        self._refresh = refresh

    def values(self) -> Mapping[str, str]:
        return self._ground.shop.complete(self._ground.store.read().settings)

    @property
    def secret(self) -> frozenset[str]:
        return self._ground.shop.secrets

    def set(self, changes: Mapping[str, str | None]) -> None:
        shop, store = self._ground.shop, self._ground.store
        if unset := [name for name, value in changes.items() if value is None]:
            raise BadInput(f"{unset[0]} always has a value; write {unset[0]}=VALUE")
        wanted = shop.checked({name: value for name, value in changes.items() if value is not None})
        with self._ground.lock.held():
            before = shop.complete(self._ground.active().settings)
            after = before | wanted
            if before != after:
                store.change(settings=after)
            try:
                self._bring_in_effect()
            except BaseException:
                store.change(settings=before)  # The old replicas go on, with the old settings.
                self._refresh()
                raise
            if before != after:
                change_history.note(store, change_history.told_settings(before, after, shop.secrets))

    def _bring_in_effect(self) -> None:
        self._refresh()
        # Also when nothing is to be changed: the runner that changed it may have died before the app had it.
        if self._app.alive() and self._app.outdated():
            self._app.replace()

    # --- the state before and after a drill

    def state(self) -> Mapping[str, str]:
        return self.values()

    def restore(self, state: Mapping[str, str]) -> tuple[str, ...]:
        """Secrets are shown as digests."""
        before = self.values()
        with self._ground.lock.held():
            self.note(state)
            self._bring_in_effect()
        return differences("settings", self.without_secrets(before), self.without_secrets(self.complete(state)))

    def note(self, state: Mapping[str, str]) -> None:
        """Aim at these; what runs is as it is."""
        self._ground.store.change(settings=self.complete(state))

    def complete(self, state: Mapping[str, str]) -> dict[str, str]:
        """One that an older version read lacks the newer settings."""
        return {**self._ground.shop.defaults, **state}

    def without_secrets(self, state: Mapping[str, str]) -> dict[str, str]:
        return {
            name: f"sha256:{sha256(value.encode()).hexdigest()[:12]}" if name in self.secret else value
            for name, value in state.items()
        }
