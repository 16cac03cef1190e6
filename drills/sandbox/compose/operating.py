"""The compose sandbox's services as an operator meets them: how they stand, started, stopped, frozen, restarted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from drills.sandbox.capabilities.services import Running, ServiceStatus
from drills.sandbox.compose.containers import at_once
from drills.sandbox.compose.parts import Parts
from drills.sandbox.compose.service_control import STOP_SECONDS, standing
from drills.sandbox.driver import BACKING, RESTARTED_SECONDS
from drills.sandbox.log_lines import chosen, in_order, read_log
from drills.sandbox.names import Named, part_of
from drills.sandbox.shop.names import Service


class OperatesServices(Parts):
    def services_list(self) -> Sequence[ServiceStatus]:
        """From one question to the engine."""
        state = self._store.read()
        listed = self._containers.list() if state.active else ()
        addresses = self.addresses
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
        with self._lock.held():
            known = self._named(service)
            if known.replica is not None:
                self._replicas.resume_one(known.replica)
                self._replicas.adjust()
                return
            self._control.resume(known.service)
            if known.service is Service.APP:
                self._replicas.adjust()
            else:
                self._control.start((known.service,))

    def stop(self, service: str) -> None:
        self._act_on(service, self._replicas.stop_one, self._control.stop)

    def restart(self, service: str | None = None) -> None:
        with self._lock.held():
            self._active()
            if service is None:
                self._restart_all()
                return
            known = self._named(service)
            if known.replica is not None:
                self._replicas.replace_one(known.replica)
            elif known.service is Service.APP:
                self._replicas.replace()
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
        self._replicas.adjust()
        self._await_ready(RESTARTED_SECONDS)

    def logs(self, service: str, *, since: timedelta | None = None, grep: str | None = None) -> Sequence[str]:
        known = self._named(service)
        after = None if since is None else datetime.now(UTC) - since
        whole_app = known == Named(Service.APP)
        kept = read_log(self._layout.logs / "app.log", after=after, grep=None) if whole_app else ()
        own = self._control.of(known.service) if known.replica is None else self._replicas.numbered(known.replica)
        written = at_once(lambda each: self._containers.logs(each, since=after), own)
        lines = [*kept, *(line for text in written for line in text.splitlines())]
        return chosen(in_order(lines) if whole_app else lines, after=after, grep=grep)
