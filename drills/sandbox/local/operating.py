"""The local sandbox's services as an operator meets them: how they stand, started, stopped, frozen, restarted."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence

from drills.sandbox.capabilities.services import ServiceStatus
from drills.sandbox.driver import BACKING, RESTARTED_SECONDS
from drills.sandbox.local.addresses import addresses
from drills.sandbox.local.blueprints import UPSTREAM, blueprint
from drills.sandbox.local.parts import Parts
from drills.sandbox.local.statuses import statuses
from drills.sandbox.ports import HOST
from drills.sandbox.shop.names import Service


class OperatesServices(Parts):
    @property
    def addresses(self) -> Mapping[str, str]:
        state = self._store.read()
        return addresses(self._layout, state) if state.active else {}

    def services_list(self) -> Sequence[ServiceStatus]:
        return statuses(self._control, (Service.APP, *BACKING), self.addresses)

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
                return
            self._control.start((known.service,))
            if known.service is Service.TOXIPROXY:
                self._provide_links()

    def stop(self, service: str) -> None:
        self._act_on(service, self._replicas.stop_one, self._stop_whole)

    def _stop_whole(self, service: Service) -> None:
        if service is Service.APP:
            self._control.stop(service, gently=signal.SIGTERM, seconds=7.0)
        else:
            plan = blueprint(service, self._layout, self._store.read(), self._shop)
            self._control.stop(service, gently=plan.gently, seconds=plan.stop_seconds)

    def restart(self, service: str | None = None) -> None:
        with self._lock.held():
            self._active()
            if service is None:
                for every in (Service.APP, *reversed(BACKING)):
                    self.stop(every)
                self._start_all()
                self._await_ready(RESTARTED_SECONDS)
                return
            known = self._named(service)
            if known.replica is not None:
                self._replicas.replace_one(known.replica)
            elif known.service is Service.APP:
                self._replicas.replace()
            else:
                self.stop(service)
                self.start(service)

    def _start_all(self) -> None:
        self._control.start(BACKING)
        self._provide_links()
        if not self._control.records(Service.APP):
            self._replicas.clear_metrics()
        self._replicas.adjust()

    def _provide_links(self) -> None:
        """Make the links that Toxiproxy lacks (it forgets all when it ends); leaves the others as they are."""
        ports = self._store.read().ports
        present = {link.name for link in self._toxiproxy.links()}
        for link, service in UPSTREAM.items():
            if link not in present:
                self._toxiproxy.create(link, f"{HOST}:{ports[link]}", f"{HOST}:{ports[service]}")
