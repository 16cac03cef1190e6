"""The services of a declared system: how they stand, started, stopped, killed, frozen, restarted, read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from drills.errors import BadInput, EnvironmentFailed
from drills.nearest import suggest
from drills.sandbox.capabilities.services import Running, ServiceStatus
from drills.sandbox.change_lock import ChangeLock
from drills.sandbox.compose import acts
from drills.sandbox.compose.cli import ComposeCli
from drills.sandbox.compose.containers import Container, Containers, at_once, standing
from drills.sandbox.compose.model import replicas_of
from drills.sandbox.declared.addresses import host_port
from drills.sandbox.declared.container_state import has_finished
from drills.sandbox.declared.declaration import DeclaredService
from drills.sandbox.declared.readiness import Readiness
from drills.sandbox.fingerprint import differences
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
        bring_number: Callable[[str, int], None],
    ) -> None:
        """`bring_number` gives a service that many containers."""
        self._containers = containers
        self._cli = cli
        self._declared = declared
        self._readiness = readiness
        self._lock = lock
        self._bring_number = bring_number

    def list(self) -> Sequence[ServiceStatus]:
        listed = self._containers.list()
        names = dict.fromkeys([*self._declared, *(each.service for each in listed)])
        return [self._status(name, listed) for name in names]

    def _status(self, name: str, listed: Sequence[Container]) -> ServiceStatus:
        own = [each for each in listed if each.service == name]
        alive = [each for each in own if each.running is not Running.DOWN]
        well = sum(each.running is Running.UP for each in alive)
        running = Running.FINISHED if has_finished(own, listed) else standing(own)
        service = self._declared.get(name)
        return ServiceStatus(
            name=name,
            running=running,
            version=own[0].image if own else "",
            address=(host_port(service, own) or "") if service is not None else "",
            replicas=len(alive),
            detail=f"{well} of {len(own)} run" if running is Running.UP and well != len(own) else "",
        )

    def is_complete(self) -> bool:
        """Whether every service of the compose file has its containers, and each runs or is a job that has finished."""
        listed = self._containers.list()
        numbers = Counter(each.service for each in listed)
        if any(numbers[name] != replicas_of(described) for name, described in self._cli.services().items()):
            return False
        down = {each.service for each in listed if each.running is Running.DOWN}
        return all(has_finished([each for each in listed if each.service == name], listed) for name in down)

    def start(self, service: str) -> None:
        with self._lock.held():
            own = self.containers_of(service)
            if not own and service.partition("/")[0] not in (known := self._cli.service_names()):
                raise BadInput(f"the compose file has no service {service!r} any more; {suggest(service, known)}")
            if not own:
                self._cli.up([service], {}, options=["--no-recreate", "--no-deps"])
            acts.resume(self._containers, own)
            acts.start(self._containers, own)
            self._readiness.await_one(service.partition("/")[0])

    def stop(self, service: str) -> None:
        with self._lock.held():
            acts.stop(self._containers, self.containers_of(service))

    def kill(self, service: str) -> None:
        with self._lock.held():
            acts.kill(self._containers, self.containers_of(service))

    def pause(self, service: str) -> None:
        with self._lock.held():
            acts.pause(self._containers, self.containers_of(service))

    def resume(self, service: str) -> None:
        with self._lock.held():
            acts.resume(self._containers, self.containers_of(service))

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

    # --- the state before and after a drill

    def state(self) -> Mapping[str, str]:
        """How each container stands, by service and number: `web/1: up`."""
        return {name_of(each): str(each.running) for each in self._containers.list()}

    def restore(self, state: Mapping[str, str]) -> tuple[str, ...]:
        """Let what ran run again, and make what is gone; nothing else is recreated, and nothing removed.

        One that the wanted state does not know is left alone: its owner made it in the meantime. Returns what had to
        be changed. Raises EnvironmentFailed when it could not be.
        """
        before = self.state()
        state = self._that_can_be(state, before)
        done = differences("services", before, state)
        if not done:
            return ()
        with self._lock.held():
            self._bring_numbers_back(before, state)
            for each in self._containers.list():
                self._bring_to(each, state.get(name_of(each)))
            if left := differences("services", self.state(), state):
                raise EnvironmentFailed(f"the sandbox could not be brought back: {'; '.join(left)}")
        return done

    def _that_can_be(self, wanted: Mapping[str, str], present: Mapping[str, str]) -> Mapping[str, str]:
        """Without services that are gone from the compose file with their containers; with those that are new as they
        are: their owner renamed, removed or added them in the meantime.
        """
        before, after = ({name.partition("/")[0] for name in names} for names in (present, wanted))
        missing = after - before
        gone = missing - self._cli.service_names() if missing else set()
        return {
            **{name: how for name, how in present.items() if name.partition("/")[0] not in after},
            **{name: how for name, how in wanted.items() if name.partition("/")[0] not in gone},
        }

    def _bring_numbers_back(self, present: Mapping[str, str], wanted: Mapping[str, str]) -> None:
        """As many containers of each service as there were; a service that is new since is left alone."""
        before, after = (Counter(name.partition("/")[0] for name in names) for names in (present, wanted))
        scaled = {name for name in before if name in after and before[name] != after[name]}
        missing = after.keys() - before.keys()
        if missing:
            # All at once: Compose makes networks and volumes that are gone, and knows the order.
            numbers = [word for name in sorted(missing) for word in ("--scale", f"{name}={after[name]}")]
            self._cli.up(sorted(missing), {}, options=["--no-recreate", "--no-deps", *numbers])
        for name in sorted(scaled):
            self._bring_number(name, after[name])

    def _bring_to(self, container: Container, ought: str | None) -> None:
        if ought is None or ought == container.running:
            return
        if ought == Running.DOWN:
            acts.stop(self._containers, [container])
            return
        if container.running is Running.PAUSED:
            self._containers.unpause(container)
        else:
            self._containers.start(container)
        if ought == Running.PAUSED:
            self._containers.pause(container)


def name_of(container: Container) -> str:
    """`SERVICE/NUMBER`."""
    return f"{container.service}/{container.number}"
