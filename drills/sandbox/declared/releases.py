"""Releases of a team's own service: what runs, what ran before, and the way to another one that its owner declares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Protocol

from drills.errors import BadInput, NotReady
from drills.nearest import suggest
from drills.sandbox import change_history, release_line
from drills.sandbox.capabilities.releases import Release
from drills.sandbox.state import Deployment, StateStore

#: How long a new release may take to answer; going back is given more, for it must come up.
DEPLOY_SECONDS = 30.0
ROLLBACK_SECONDS = 120.0
#: Entered for what changes something: one change at a time, and links are there again afterwards.
Changing = Callable[[], AbstractContextManager[None]]
_NEVER = datetime.min.replace(tzinfo=UTC)


class Deploying(Protocol):
    """How versions are put in force: tags of an image, or the owner's own commands."""

    @property
    def known(self) -> Sequence[str]:
        """The versions that drills.yaml names."""
        ...

    def current(self) -> str: ...

    def refusal(self, version: str) -> str | None:
        """Why a known version cannot be deployed now; None when it can."""
        ...

    def require(self) -> None:
        """Raises NotSupported when the service must not be recreated."""
        ...

    def bring(self, version: str, seconds: float, *, back: bool) -> None:
        """Put it in force (`back`: it ran before). Raises NotReady when it is, and does not answer in time."""
        ...

    def about(self, version: str) -> str:
        """A few words for people."""
        ...


class ServiceReleases:
    """See `drills.sandbox.capabilities.releases.Releases`. All raise EnvironmentFailed when it cannot be done.

    `changing` is entered for what changes something.
    """

    def __init__(
        self,
        service: str,
        deploying: Deploying,
        store: StateStore,
        changing: Changing,
    ) -> None:
        self._service = service
        self._deploying = deploying
        self._store = store
        self._changing = changing

    @property
    def service(self) -> str:
        return self._service

    def current(self) -> str:
        """The version that runs; several, joined by +, when the service's containers differ."""
        return self._deploying.current()

    def list(self) -> Sequence[Release]:
        """The last deployed first; what runs is among them, whatever it is."""
        current, at = self.current(), self._store.read().deployed_at
        versions = dict.fromkeys([current, *self._deploying.known])
        found = [Release(each, self._deploying.about(each), at.get(each), each == current) for each in versions]
        return sorted(found, key=lambda release: (release.deployed_at or _NEVER, release.current), reverse=True)

    def refusal(self, version: str) -> str | None:
        """Why that version cannot be deployed; None when it can."""
        known = self._deploying.known
        if known and version not in known:
            return f"drills.yaml, sandbox.releases, names no release {version!r}; {suggest(version, known)}"
        return self._deploying.refusal(version)

    def deploy(self, version: str) -> None:
        """Raises BadInput for a version that cannot be deployed, NotReady when it was and does not answer."""
        if (why := self.refusal(version)) is not None:
            raise BadInput(why)
        with self._changing():
            before = self.current()
            if before == version:
                return
            self._deploying.require()
            self._follow(before)
            late = self._bring(version, DEPLOY_SECONDS, back=False)
        release_line.deployed(self._store, version, datetime.now(UTC))
        change_history.note(self._store, f"release {version} of {self.service} deployed")
        if late is not None:
            raise NotReady(f"release {version} is deployed, but {late}")

    def rollback(self, to: str | None = None) -> str:
        """Go back to the release before, or to that one; returns it. Raises BadInput when there is none before."""
        with self._changing():
            return self._roll_back(to)

    def _roll_back(self, to: str | None) -> str:
        before = self.current()
        self._follow(before)
        line = [each.version for each in self._store.read().deployed]
        if to is None and len(line) < 2:
            raise BadInput(f"no release ran before {before}; `deploy` names one")
        version = to or line[-2]
        if version not in line:
            self.deploy(version)
            return version
        if version != before:
            late = self._bring(version, ROLLBACK_SECONDS, back=True)
            release_line.rolled_back(self._store, version, datetime.now(UTC))
            change_history.note(self._store, f"{self.service} rolled back from release {before} to {version}")
            if late is not None:
                raise NotReady(f"release {version} is back, but {late}")
        return version

    def restore(self, wanted: str) -> tuple[str, ...]:
        """Bring that version back, which ran; returns what had to be changed."""
        before = self.current()
        if before == wanted:
            return ()
        self._bring(wanted, ROLLBACK_SECONDS, back=True)  # Whether it answers is asked of all services at the end.
        return (f"release: {before} → {wanted}",)

    def _bring(self, version: str, seconds: float, *, back: bool) -> NotReady | None:
        try:
            self._deploying.bring(version, seconds, back=back)
        except NotReady as error:
            return error
        return None

    def _follow(self, current: str) -> None:
        """Note what runs, where that is not what was deployed last: its owner deployed it, or nobody has yet."""
        if self._store.read().release != current:
            began = Deployment(version=current, at=self._store.read().deployed_at.get(current, _NEVER))
            self._store.change(deployed=(began,))
