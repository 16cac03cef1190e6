"""Containers of one service recreated, with what is in force, and no others.

What would change more than was asked for is refused: containers that are not as the compose file says today.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from drills.errors import BadInput, EnvironmentFailed, NotReady, NotSupported
from drills.nearest import suggest
from drills.sandbox.capabilities.services import Running
from drills.sandbox.compose import acts
from drills.sandbox.compose.cli import ComposeCli
from drills.sandbox.compose.containers import Container, Containers, at_once
from drills.sandbox.declared.recreation import Recreation

_HASH = "com.docker.compose.config-hash"


class Remaking:
    """Callers hold the change lock. All raise EnvironmentFailed when the engine or Compose refuse.

    `await_ready` raises EnvironmentFailed for a service that does not answer within so many seconds.
    """

    def __init__(
        self,
        containers: Containers,
        cli: ComposeCli,
        recreation: Recreation,
        await_ready: Callable[[str, float], None],
    ) -> None:
        self._containers = containers
        self._cli = cli
        self._recreation = recreation
        self._await_ready = await_ready

    def of(self, service: str) -> list[Container]:
        """The service's containers, by number."""
        return [each for each in self._containers.list() if each.service == service]

    def environment(self, container: Container) -> dict[str, str]:
        """The environment variables that a container was made with."""
        return _variables(self._containers.inspect(container)["Config"])

    def image_environment(self, service: str, image: str | None) -> dict[str, str]:
        """Those that the image of its next containers brings along (`image`, absent: the one that Compose builds)."""
        found = self._containers.image(image or f"{self._containers.project.name}-{service}")
        if found is None and (own := self.of(service)):
            found = self._containers.image(own[0].image_id)
        return _variables(found or {})

    def image(self, container: Container) -> str:
        """The image that it was made from, by the name that it was given."""
        return str(self._containers.inspect(container)["Config"]["Image"])

    def has_image(self, name: str) -> bool:
        """Whether the engine has an image of that name."""
        return self._containers.image(name) is not None

    def take_back(self) -> None:
        """Take back what was broken off: Compose ended while it waited for the containers that it was to replace.

        The replacement, which was never started, is removed. The engine goes on ending the former: that is waited for,
        and it is started again.
        """
        slots: dict[tuple[str, int], list[Container]] = {}
        for each in self._containers.list():
            slots.setdefault((each.service, each.number), []).append(each)
        for both in slots.values():
            replacements = [each for each in both if each.state == "created"]
            if not replacements or len(replacements) == len(both):
                continue
            at_once(self._containers.remove, replacements)
            for former in both:
                if former.running is Running.UP:
                    self._containers.stop(former)
                    self._containers.start(former)

    def require(self, service: str) -> None:
        """Raises NotSupported when recreating the service would lose or change something that was not asked for."""
        self._recreation.require(service)
        own = self.of(service)
        if own and any(each.labels.get(_HASH) != self._cli.config_hash(service) for each in own):
            raise NotSupported(
                f"the containers of {service} are not what the compose file describes now: it was edited, or they were "
                f"made with other variables or files; nothing was changed: "
                f"`docker compose up --detach {service}` brings them up to date"
            )

    def remake(self, service: str, seconds: float) -> None:
        """Make its containers as the compose file and what is in force say, as many as before, and start them.

        Those that are so already stay. Raises NotReady when it does not answer within so many seconds, BadInput when
        the compose file has no such service any more.
        """
        known = self._cli.services()
        if service not in known:
            raise BadInput(f"the compose file has no service {service!r} any more; {suggest(service, known)}")
        own = self.of(service)
        # Compose cannot stop one that is frozen.
        acts.resume(self._containers, own)
        options = ["--no-deps", *(("--scale", f"{service}={len(own)}") if own else ())]
        self._cli.up([service], {}, options=options)
        try:
            self._await_ready(service, seconds)
        except EnvironmentFailed as error:
            raise NotReady(str(error)) from error


def _variables(config: Mapping[str, Any]) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in config.get("Env") or () if "=" in pair)
