"""The local sandbox's services as an operator meets them: how they stand, started, stopped, frozen, restarted, read."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from drills.sandbox.capabilities.services import ServiceStatus
from drills.sandbox.log_lines import read_log
from drills.sandbox.ports import HOST
from drills.sandbox.shop.ground import BACKING, Ground
from drills.sandbox.shop.links import ShopLinks
from drills.sandbox.shop.local.app_replicas import AppReplicas
from drills.sandbox.shop.local.blueprints import UPSTREAM, blueprint
from drills.sandbox.shop.local.service_control import ServiceControl
from drills.sandbox.shop.local.statuses import statuses
from drills.sandbox.shop.names import Named, Service, named, service_named
from drills.sandbox.shop.readiness import RESTARTED_SECONDS, await_ready


class LocalServices:
    """See `drills.sandbox.capabilities.services.Services`."""

    def __init__(
        self, ground: Ground, control: ServiceControl, app: AppReplicas, addresses: Callable[[], Mapping[str, str]]
    ) -> None:
        self._ground = ground
        self._control = control
        self._app = app
        self._addresses = addresses

    def list(self) -> Sequence[ServiceStatus]:
        return statuses(self._control, (Service.APP, *BACKING), self._addresses())

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
                return
            self._control.start((known.service,))
            if known.service is Service.TOXIPROXY:
                self._provide_links()

    def stop(self, service: str) -> None:
        with self._ground.lock.held():
            known = self._named(service)
            if known.replica is not None:
                self._app.stop_one(known.replica)
            elif known.service is Service.APP:
                self._control.stop(known.service, gently=signal.SIGTERM, seconds=7.0)
            else:
                plan = blueprint(known.service, self._control.layout, self._ground.store.read(), self._ground.shop)
                self._control.stop(known.service, gently=plan.gently, seconds=plan.stop_seconds)

    def kill(self, service: str) -> None:
        self._act_on(service, self._app.kill_one, self._control.kill)

    def pause(self, service: str) -> None:
        self._act_on(service, self._app.pause_one, self._control.pause)

    def resume(self, service: str) -> None:
        self._act_on(service, self._app.resume_one, self._control.resume)

    def _act_on(self, name: str, on_replica: Callable[[int], None], on_service: Callable[[Service], None]) -> None:
        with self._ground.lock.held():
            known = self._named(name)
            known.act(on_replica, on_service)

    def restart(self, service: str | None = None) -> None:
        with self._ground.lock.held():
            self._ground.active()
            if service is None:
                for every in (Service.APP, *reversed(BACKING)):
                    self.stop(every)
                self.start_all()
                await_ready(self._ground, self._addresses(), RESTARTED_SECONDS)
                return
            known = self._named(service)
            if known.replica is not None:
                self._app.replace_one(known.replica)
            elif known.service is Service.APP:
                self._app.replace()
            else:
                self.stop(service)
                self.start(service)

    def logs(self, service: str, *, since: timedelta | None = None, grep: str | None = None) -> Sequence[str]:
        known = self._named(service) if "/" in service else Named(service_named(service))
        after = None if since is None else datetime.now(UTC) - since
        lines = read_log(self._control.layout.log(known.service), after=after, grep=grep)
        if known.replica is None:
            return lines
        records = self._control.records(Service.APP)[known.replica - 1 : known.replica]
        return [line for line in lines for each in records if f'"replica":"{each.pid}"' in line]

    def start_all(self) -> None:
        """Start what does not run. Callers hold the change lock."""
        self._control.start(BACKING)
        self._provide_links()
        if not self._control.records(Service.APP):
            self._app.clear_metrics()
        self._app.adjust()

    def _provide_links(self) -> None:
        """Make the links that Toxiproxy lacks (it forgets all when it ends); leaves the others as they are."""
        client = ShopLinks(self._ground).client
        ports = self._ground.store.read().ports
        present = {link.name for link in client.links()}
        for link, service in UPSTREAM.items():
            if link not in present:
                client.create(link, f"{HOST}:{ports[link]}", f"{HOST}:{ports[service]}")

    def _named(self, name: str) -> Named:
        return named(name, self._ground.active().replicas)
