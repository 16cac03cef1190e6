"""How many containers a team's own service has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from drills.errors import BadInput, EnvironmentFailed
from drills.nearest import suggest
from drills.sandbox import change_history
from drills.sandbox.compose import acts
from drills.sandbox.compose.cli import ComposeCli
from drills.sandbox.compose.containers import Containers
from drills.sandbox.declared.declaration import Act, DeclaredService
from drills.sandbox.declared.recreation import Recreation
from drills.sandbox.state import StateStore

MOST = 16


class ServiceReplicas:
    """See `drills.sandbox.capabilities.replicas.Replicas`. `changing` is entered for what changes something.

    All raise EnvironmentFailed when the engine or Compose refuse.
    """

    def __init__(
        self,
        containers: Containers,
        cli: ComposeCli,
        declared: Mapping[str, DeclaredService],
        recreation: Recreation,
        store: StateStore,
        changing: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._containers = containers
        self._cli = cli
        self._declared = declared
        self._recreation = recreation
        self._store = store
        self._changing = changing

    def count(self, service: str) -> int:
        """Its containers, whether they run or not."""
        return sum(each.service == service for each in self._containers.list())

    def scale(self, replicas: int, service: str | None = None) -> None:
        """So many containers: the newest go first, and what they wrote outside their volumes goes with them.

        Raises BadInput for a number or a service that cannot be had, NotSupported when what would go is not to be lost.
        """
        name = self._named(service)
        if not 0 <= replicas <= MOST:
            raise BadInput(f"replicas: a number from 0 to {MOST}, not {replicas}")
        with self._changing():
            before = self.count(name)
            if before == replicas:
                return
            if replicas < before:
                self._recreation.require(name)
            self.bring(name, replicas)
            change_history.note(self._store, f"{name} scaled from {before} to {replicas} replicas")

    def _named(self, service: str | None) -> str:
        may = [name for name, each in self._declared.items() if Act.SCALE in each.may]
        if service is None and len(may) != 1:
            raise BadInput(f"write the service before the number; {suggest('', may or self._declared)}")
        name = may[0] if service is None else service
        if name not in self._declared:
            raise BadInput(f"there is no service {name!r}; {suggest(name, self._declared)}")
        return name

    def bring(self, service: str, replicas: int) -> None:
        """The same without a question, and without a note."""
        known = self._cli.services()
        if service not in known:
            raise BadInput(f"the compose file has no service {service!r} any more; {suggest(service, known)}")
        with acts.woken(self._containers, [each for each in self._containers.list() if each.service == service]):
            self._cli.up([service], {}, options=["--no-deps", "--no-recreate", "--scale", f"{service}={replicas}"])
        if (left := self.count(service)) != replicas:
            raise EnvironmentFailed(f"{service} has {left} replicas, not {replicas}")
