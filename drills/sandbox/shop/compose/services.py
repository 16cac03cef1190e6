"""The services of a sandbox of containers as an operator meets them: how they stand, started, stopped, read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from drills.sandbox.capabilities.services import Running, ServiceStatus
from drills.sandbox.compose.containers import Containers, at_once
from drills.sandbox.log_lines import chosen, in_order, read_log
from drills.sandbox.shop.compose.app_replicas import AppReplicas
from drills.sandbox.shop.compose.service_control import STOP_SECONDS, ServiceControl, standing
from drills.sandbox.shop.ground import BACKING, Ground
from drills.sandbox.shop.names import Named, Service, named, part_of
from drills.sandbox.shop.readiness import RESTARTED_SECONDS, await_ready


class ComposeServices:
    """See `drills.sandbox.capabilities.services.Services`."""

    def __init__(
        self, ground: Ground, control: ServiceControl, app: AppReplicas, addresses: Callable[[], Mapping[str, str]]
    ) -> None:
        self._ground = ground
        self._control = control
        self._app = app
        self._addresses = addresses

    @property
    def _containers(self) -> Containers:
        return self._control.containers

    def list(self) -> Sequence[ServiceStatus]:
        """From one question to the engine."""
        state = self._ground.store.read()
        listed = self._containers.list() if state.active else ()
        addresses = self._addresses()
        found = []
        for service in (Service.APP, *BACKING):
            own = [container for container in listed if container.service == service]
            alive = [container for container in own if container.running is not Running.DOWN]
            well = sum(container.running is Running.UP for container in alive)
            frozen = [turn for turn, container in enumerate(own, 1) if container.running is Running.PAUSED]
            wanted = state.replicas if service is Service.APP else 1
            running = standing(own)
            found.append(
                ServiceStatus(
                    name=service,
                    running=running,
                    version=state.release if service is Service.APP else "",
                    address=addresses.get("edge-address" if service is Service.EDGE else service, ""),
                    replicas=len(alive),
                    detail=part_of(service, well, wanted, frozen) if running is Running.UP and well != wanted else "",
                )
            )
        return found

    def start(self, service: str) -> None:
        with self._ground.lock.held():
            known = self._named(service)
            if known.replica is not None:
                self._app.resume_one(known.replica)
                self._app.adjust()
                return
            self._control.resume(known.service)
            if known.service is Service.APP:
                self._app.adjust()
            else:
                self._control.start((known.service,))

    def stop(self, service: str) -> None:
        self._act_on(service, self._app.stop_one, self._control.stop)

    def kill(self, service: str) -> None:
        self._act_on(service, self._app.kill_one, self._control.kill)

    def pause(self, service: str) -> None:
        self._act_on(service, self._app.pause_one, self._control.pause)

    def resume(self, service: str) -> None:
        self._act_on(service, self._app.resume_one, self._control.resume)

    def _act_on(self, name: str, on_replica: Callable[[int], None], on_service: Callable[[Service], None]) -> None:
        with self._ground.lock.held():
            self._named(name).act(on_replica, on_service)

    def restart(self, service: str | None = None) -> None:
        with self._ground.lock.held():
            self._ground.active()
            if service is None:
                self._restart_all()
                return
            known = self._named(service)
            if known.replica is not None:
                self._app.replace_one(known.replica)
            elif known.service is Service.APP:
                self._app.replace()
            elif self._control.outdated((known.service,)):
                self._control.recreate((known.service,))
            else:
                self._control.stop(known.service)
                self._control.start((known.service,))

    def _restart_all(self) -> None:
        self._control.stop(Service.APP)
        for service in BACKING:
            self._control.resume(service)
        alive = [each for each in self._control.of(*BACKING) if each.running is Running.UP]
        at_once(lambda each: self._containers.stop(each, STOP_SECONDS.get(Service(each.service), 5)), alive)
        self._control.start(BACKING)
        self._app.adjust()
        await_ready(self._ground, self._addresses(), RESTARTED_SECONDS)

    def logs(self, service: str, *, since: timedelta | None = None, grep: str | None = None) -> Sequence[str]:
        known = self._named(service)
        after = None if since is None else datetime.now(UTC) - since
        whole_app = known == Named(Service.APP)
        kept = read_log(self._control.layout.logs / "app.log", after=after, grep=None) if whole_app else ()
        own = self._control.of(known.service) if known.replica is None else self._app.numbered(known.replica)
        written = at_once(lambda each: self._containers.logs(each, since=after), own)
        lines = [*kept, *(line for text in written for line in text.splitlines())]
        return chosen(in_order(lines) if whole_app else lines, after=after, grep=grep)

    def _named(self, name: str) -> Named:
        return named(name, self._ground.active().replicas)
