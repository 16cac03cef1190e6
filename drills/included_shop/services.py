"""The services of the included system as an operator meets them, whichever driver runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from drills.included_shop.ground import BACKING, AppReplicas, Control, Ground, ServiceView
from drills.included_shop.health import RESTARTED_SECONDS, await_ready
from drills.included_shop.names import Named, Service, named, service_named
from drills.sandbox.capabilities.services import ServiceStatus


class ShopServices:
    """See `drills.sandbox.capabilities.services.Services`."""

    def __init__(
        self,
        ground: Ground,
        control: Control,
        app: AppReplicas,
        view: ServiceView,
        addresses: Callable[[], Mapping[str, str]],
    ) -> None:
        self._ground = ground
        self._control = control
        self._app = app
        self._view = view
        self._addresses = addresses

    def list(self) -> Sequence[ServiceStatus]:
        return self._view.statuses(self._addresses())

    def logs(self, service: str, *, since: timedelta | None = None, grep: str | None = None) -> Sequence[str]:
        known = self._named(service) if "/" in service else Named(service_named(service))
        after = None if since is None else datetime.now(UTC) - since
        return self._view.logs(known, after=after, grep=grep)

    def start(self, service: str) -> None:
        with self._ground.lock.held():
            known = self._named(service)
            known.act(self._app.resume_one, self._control.resume)
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
            else:
                self._control.restart(known.service)

    def _restart_all(self) -> None:
        self._control.stop(Service.APP)
        self._control.stop(*reversed(BACKING))
        self._control.start(BACKING)
        self._app.adjust()
        await_ready(self._ground, self._addresses(), RESTARTED_SECONDS)

    def _named(self, name: str) -> Named:
        return named(name, self._ground.active().replicas)
