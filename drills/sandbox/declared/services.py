"""The services of a declared system: how they stand, started, stopped, killed, frozen, restarted, read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from drills.errors import BadInput
from drills.nearest import suggest
from drills.sandbox.capabilities.services import Running, ServiceStatus
from drills.sandbox.change_lock import ChangeLock
from drills.sandbox.compose.cli import ComposeCli
from drills.sandbox.compose.containers import Container, Containers, at_once
from drills.sandbox.declared.addresses import host_port
from drills.sandbox.declared.declaration import DeclaredService
from drills.sandbox.declared.readiness import Readiness
from drills.sandbox.log_lines import chosen, in_order


class DeclaredServices:
    """See `drills.sandbox.capabilities.services.Services`. A container that is gone is made, and no other."""

    def __init__(
        self,
        containers: Containers,
        cli: ComposeCli,
        declared: Mapping[str, DeclaredService],
        readiness: Readiness,
        lock: ChangeLock,
    ) -> None:
        self._containers = containers
        self._cli = cli
        self._declared = declared
        self._readiness = readiness
        self._lock = lock

    def list(self) -> Sequence[ServiceStatus]:
        listed = self._containers.list()
        names = dict.fromkeys([*self._declared, *(each.service for each in listed)])
        return [self._status(name, [each for each in listed if each.service == name]) for name in names]

    def _status(self, name: str, own: Sequence[Container]) -> ServiceStatus:
        alive = [each for each in own if each.running is not Running.DOWN]
        well = sum(each.running is Running.UP for each in alive)
        frozen = bool(alive) and not well
        running = Running.DOWN if not alive else Running.PAUSED if frozen else Running.UP
        service = self._declared.get(name)
        return ServiceStatus(
            name=name,
            running=running,
            version=own[0].image if own else "",
            address=(host_port(service, own) or "") if service is not None else "",
            replicas=len(alive),
            detail=f"{well} of {len(own)} run" if running is Running.UP and well != len(own) else "",
        )

    def start(self, service: str) -> None:
        with self._lock.held():
            own = self.containers_of(service)
            if not own:
                self._cli.up([service], {}, options=["--no-recreate", "--no-deps"])
            at_once(self._containers.unpause, [each for each in own if each.running is Running.PAUSED])
            at_once(self._containers.start, [each for each in own if each.running is Running.DOWN])
            self._readiness.await_one(service.partition("/")[0])

    def stop(self, service: str) -> None:
        with self._lock.held():
            own = self.containers_of(service)
            at_once(self._containers.unpause, [each for each in own if each.running is Running.PAUSED])
            at_once(self._containers.stop, own)

    def kill(self, service: str) -> None:
        with self._lock.held():
            at_once(self._containers.kill, [e for e in self.containers_of(service) if e.running is not Running.DOWN])

    def pause(self, service: str) -> None:
        with self._lock.held():
            at_once(self._containers.pause, [e for e in self.containers_of(service) if e.running is Running.UP])

    def resume(self, service: str) -> None:
        with self._lock.held():
            at_once(self._containers.unpause, [e for e in self.containers_of(service) if e.running is Running.PAUSED])

    def restart(self, service: str | None = None) -> None:
        for name in self._declared if service is None else (service,):
            self.stop(name)
        for name in self._declared if service is None else (service,):
            self.start(name)

    def logs(self, service: str, *, since: timedelta | None = None, grep: str | None = None) -> Sequence[str]:
        after = None if since is None else datetime.now(UTC) - since
        written = at_once(lambda each: self._containers.logs(each, since=after), self.containers_of(service))
        lines = [line for text in written for line in text.splitlines()]
        return chosen(in_order(lines) if len(written) > 1 else lines, after=after, grep=grep)

    def containers_of(self, service: str) -> Sequence[Container]:
        """The containers of a service, or of one replica of it: `web/2`. Raises BadInput for one that is not there."""
        name, slash, number = service.partition("/")
        own = self._of(name)
        if not own and name not in self._declared:
            known = [*self._declared, *(each.service for each in self._containers.list())]
            raise BadInput(f"there is no service {name!r}; {suggest(name, known)}")
        if slash and number not in {str(each.number) for each in own}:
            replicas = ", ".join(f"{name}/{each.number}" for each in own) or "none"
            raise BadInput(f"there is no {service!r}; the replicas of {name} are: {replicas}")
        return [each for each in own if not slash or str(each.number) == number]

    def _of(self, name: str) -> Sequence[Container]:
        return [each for each in self._containers.list() if each.service == name]
