"""The app's releases: listed, deployed, rolled back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from drills.errors import BadInput
from drills.included_shop.ground import AppReplicas, Ground
from drills.included_shop.names import Service
from drills.nearest import suggest
from drills.sandbox import change_history
from drills.sandbox.capabilities.releases import Release
from drills.sandbox.release_line import deployed, listed, rolled_back


class ShopReleases:
    """See `drills.sandbox.capabilities.releases.Releases`."""

    def __init__(self, ground: Ground, app: AppReplicas) -> None:
        self._ground = ground
        self._app = app

    @property
    def service(self) -> str:
        return Service.APP

    def refusal(self, version: str) -> str | None:  # noqa: ARG002 - all that are known can be had
        return None

    def list(self) -> Sequence[Release]:
        known = {release.version: release.summary for release in self._ground.shop.releases}
        return listed(known, self._ground.store.read())

    def deploy(self, version: str) -> None:
        known = self._ground.shop.versions
        if version not in known:
            raise BadInput(f"there is no release {version!r}; {suggest(version, known)}")
        store = self._ground.store
        with self._ground.lock.held():
            state = self._ground.active()
            if state.release == version and not self._needs_replicas():
                return
            self._app.replace(release=version, then=lambda: deployed(store, version, datetime.now(UTC)))
            change_history.note(store, f"release {version} deployed")

    def rollback(self, to: str | None = None) -> str:
        store = self._ground.store
        with self._ground.lock.held():
            state = self._ground.active()
            if to is None and len(state.deployed) < 2:
                raise BadInput(f"no release ran before {state.release}; `deploy` names one")
            version = to or state.deployed[-2].version
            if version not in {deployment.version for deployment in state.deployed}:
                self.deploy(version)
            elif version != state.release or self._needs_replicas():
                self._app.replace(release=version, then=lambda: rolled_back(store, version, datetime.now(UTC)))
                change_history.note(store, f"rolled back from release {state.release} to {version}")
            return version

    def _needs_replicas(self) -> bool:
        return bool(self._app.outdated()) or self._app.alive() != self._ground.active().replicas

    # --- the state before and after a drill

    def state(self) -> str:
        """The release that is to run, and others that still do: `1.1.0+1.2.0`."""
        release = self._ground.store.read().release
        return "+".join([release, *sorted({each.release for each in self._app.outdated()} - {release})])

    def restore(self, state: str) -> tuple[str, ...]:
        """Deploy that release again, without a trace in the history."""
        before = self.state()
        self.note(state)
        if self._app.outdated():
            with self._ground.lock.held():
                self._app.replace()
        return () if before == state else (f"release: {before} → {state}",)

    def note(self, state: str) -> None:
        """Aim at that release; the replicas are as they are."""
        present = self._ground.store.read()
        if present.release != state:
            deployed(self._ground.store, state, present.deployed[-1].at)
