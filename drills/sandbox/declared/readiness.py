"""Whether the services of a declared system answer, and what one said last that does not."""

from __future__ import annotations

import time
from collections.abc import Mapping

from drills.errors import EnvironmentFailed
from drills.sandbox.compose.containers import Container, Containers
from drills.sandbox.declared.container_state import why_not_ready
from drills.sandbox.declared.declaration import DeclaredService

#: How long services may take until they answer: images are built by then, but a database may have to recover.
READY_SECONDS = 120.0
_POLL_SECONDS = 0.1
_ENDED = "it has ended"
_ENDED_SECONDS = 5.0


class Readiness:
    """Asks each service in the way of its technology. Raises EnvironmentFailed when the engine does not answer."""

    def __init__(self, containers: Containers, declared: Mapping[str, DeclaredService]) -> None:
        self._containers = containers
        self._declared = declared

    def await_all(self) -> None:
        """Until each declared service answers. Raises EnvironmentFailed with the last words of one that does not."""
        for name in self._declared:
            self.await_one(name)

    def await_one(self, name: str, seconds: float = READY_SECONDS) -> None:
        """Until that one answers, within so many seconds; as `await_all`."""
        began = time.monotonic()
        while (why_not := self.why_not(name)) is not None:
            # One that has ended, and that nothing starts again, comes no more.
            patience = min(seconds, _ENDED_SECONDS) if why_not.startswith(_ENDED) else seconds
            if time.monotonic() - began > patience:
                raise EnvironmentFailed(f"{name} did not come up ({why_not}): {self._last_words(name)}")
            time.sleep(_POLL_SECONDS)

    def why_not(self, name: str) -> str | None:
        """Why it does not answer; None when it does. Raises EnvironmentFailed when it has no container."""
        listed = self._containers.list()
        own = [each for each in listed if each.service == name]
        if not own:
            raise EnvironmentFailed(
                f"the compose file creates no container for {name}; is it in a profile that is not active? "
                "(COMPOSE_PROFILES chooses them)"
            )
        return why_not_ready(self._declared.get(name, DeclaredService()), own, listed)

    def _of(self, name: str) -> list[Container]:
        return [each for each in self._containers.list() if each.service == name]

    def health(self) -> Mapping[str, tuple[bool, str]]:
        """Each declared service: whether it answers well, and what it said."""
        found = {}
        for name in self._declared:
            try:
                reason = self.why_not(name)
            except EnvironmentFailed as error:
                reason = str(error)
            found[name] = (reason is None, reason or "answers")
        return found

    def _last_words(self, name: str) -> str:
        for each in self._of(name):
            lines = [line.strip() for line in self._containers.logs(each, tail=5).splitlines() if line.strip()]
            if lines:
                return lines[-1]
        return "it printed nothing"
