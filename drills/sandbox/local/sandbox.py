"""The sandbox as real processes on loopback, for machines without Docker.

Nothing supervises them: what was killed stays dead until it is started.
"""

from __future__ import annotations

import hashlib
import shutil
import signal
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drills.errors import BadInput, EnvironmentFailed
from drills.nearest import suggest
from drills.sandbox import direct
from drills.sandbox.change_lock import ChangeLock
from drills.sandbox.definitions import ShopDefinitions, definitions
from drills.sandbox.health import ask_all
from drills.sandbox.http_answers import look
from drills.sandbox.local import postgres
from drills.sandbox.local.app_replicas import AppReplicas
from drills.sandbox.local.blueprints import UPSTREAM, Layout, blueprint
from drills.sandbox.local.ports import HOST, choose_ports
from drills.sandbox.local.processes import trim
from drills.sandbox.local.service_control import ServiceControl
from drills.sandbox.log_lines import read_log
from drills.sandbox.protocol import (
    Capability,
    Certificate,
    Change,
    Fingerprint,
    Link,
    LinkStatus,
    Release,
    Running,
    Service,
    ServiceStats,
    ServiceStatus,
    Toxic,
)
from drills.sandbox.release_line import deployed, initial_line, listed, rolled_back
from drills.sandbox.restoring import Restoring, fingerprint_of
from drills.sandbox.state import SandboxState, StateStore, make_folder

if TYPE_CHECKING:
    from drills.sandbox.toxiproxy import Toxiproxy

READY_SECONDS = 15.0
MAX_REPLICAS = 16
#: What does not depend on another comes first; the app comes last and goes first.
BACKING = (Service.DATABASE, Service.CACHE, Service.EXTERNAL_API, Service.TOXIPROXY)


class LocalSandbox:
    """See `drills.sandbox.protocol.Sandbox`. Files are kept in `state_dir`, the seeded database's in `cache_dir`."""

    driver = "local"

    def __init__(
        self, state_dir: Path, shop_root: Path, name: str = "default", *, cache_dir: Path | None = None
    ) -> None:
        self.name = name
        root = state_dir.absolute()
        # The marker must be the same in every process that uses this folder, and in no other.
        marker = hashlib.sha256(f"{root.resolve()}\0{name}".encode()).hexdigest()[:16]
        self._layout = Layout(root, shop_root.resolve(), postgres.data_folder(root, marker))
        self._cache_dir = (cache_dir or root / "cache").absolute()
        self._store = StateStore(self._layout.state, marker)
        self._lock = ChangeLock(self._layout.root / "change.lock")

    @property
    def _shop(self) -> ShopDefinitions:
        return definitions(self._layout.shop_root)

    @property
    def _control(self) -> ServiceControl:
        return ServiceControl(self._layout, self._store, self._shop, self._store.identity)

    @property
    def _replicas(self) -> AppReplicas:
        return AppReplicas(self._control)

    @property
    def _toxiproxy(self) -> Toxiproxy:
        from drills.sandbox.toxiproxy import Toxiproxy  # its HTTP library is slow to load; few commands need it

        return Toxiproxy(f"http://{HOST}:{self._active().ports[Service.TOXIPROXY]}")

    @property
    def unavailable(self) -> Mapping[Capability, str]:
        return {
            Capability.MIGRATIONS: "migrations are not built yet",
            Capability.BACKUPS: "backups are not built yet",
            Capability.DISK: "a bounded disk is not built yet",
        }

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset(Capability) - self.unavailable.keys()

    def _active(self) -> SandboxState:
        state = self._store.read()
        if not state.active:
            raise EnvironmentFailed("the sandbox is down; `drills sandbox up` starts it")
        return state

    @property
    def addresses(self) -> Mapping[str, str]:
        state = self._store.read()
        if not state.active:
            return {}
        return {
            "app": f"http://{HOST}:{state.ports[Service.APP]}",
            "database": postgres.url(state.ports[Service.DATABASE]),
            "database-app": postgres.url(state.ports[Service.DATABASE], user="shop"),
            "cache": f"redis://{HOST}:{state.ports[Service.CACHE]}/0",
            "external-api": f"http://{HOST}:{state.ports[Service.EXTERNAL_API]}",
            "toxiproxy": f"http://{HOST}:{state.ports[Service.TOXIPROXY]}",
            "state": str(self._layout.state),
        }

    # --- up and down

    def is_up(self) -> bool:
        """Whether it was brought up and something of it still runs."""
        state = self._store.read()
        return state.active and any(self._control.running(service) is not Running.DOWN for service in Service)

    def up(self) -> None:
        with self._lock.held():
            for folder in (self._layout.root, self._layout.logs, self._layout.config, self._layout.run):
                make_folder(folder)
            make_folder(self._layout.cache)
            for service in Service:
                trim(self._layout.log(service))
            self._control.sweep()
            if not self._store.read().active:
                self._begin_afresh()
            elif not self.is_up():
                self._store.change(ports=choose_ports((*Service, *Link), self._store.read().ports))
            for service in Service:
                self._control.resume(service)
            self._start_all()
            self._await_ready()

    def _begin_afresh(self) -> None:
        template = postgres.provide_template(
            self._cache_dir, self._layout.shop_root, marker=self._store.identity, log=self._layout.log("database")
        )
        postgres.provide_data(self._layout.database, template)
        line = initial_line(self._shop, datetime.now(UTC))
        state = self._store.read()
        self._store.change(
            active=True,
            ports=choose_ports((*Service, *Link), state.ports),
            processes=(),
            replicas=SandboxState.model_fields["replicas"].default,
            settings=self._shop.defaults,
            deployed=line,
            deployed_at={deployment.version: deployment.at for deployment in line},
        )

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

    def _await_ready(self) -> None:
        if self._active().replicas == 0:
            return
        deadline = time.monotonic() + READY_SECONDS
        while True:
            status, said = look(f"{self.addresses['app']}/ready", timeout=5)
            if status == 200:
                return
            if time.monotonic() > deadline:
                raise EnvironmentFailed(f"the app did not become ready within {READY_SECONDS:g} s: {said or status}")
            time.sleep(0.05)

    def down(self) -> None:
        if not self._layout.root.is_dir():
            return
        with self._lock.held():
            self._control.end_everything()
            try:
                self._store.change(active=False, processes=(), starting=())
            except EnvironmentFailed:
                self._layout.state.unlink(missing_ok=True)  # Not readable, and of no use any more.
            for folder in (self._layout.run, self._layout.database, self._layout.config):
                shutil.rmtree(folder, ignore_errors=True)

    # --- services

    def services(self) -> Sequence[ServiceStatus]:
        state = self._store.read()
        statuses = []
        for service in (Service.APP, *BACKING):
            running = self._control.running(service) if state.active else Running.DOWN
            pids = tuple(process.pid for process in self._control.processes(service)) if state.active else ()
            replicas = len(self._control.records(service))
            wanted = state.replicas if service is Service.APP else 1
            statuses.append(
                ServiceStatus(
                    name=service,
                    running=running,
                    version=state.release if service is Service.APP else "",
                    address=self.addresses.get(service, ""),
                    pids=pids,
                    replicas=replicas,
                    detail=f"{replicas} of {wanted} run" if running is Running.UP and replicas != wanted else "",
                )
            )
        return statuses

    def start(self, service: str) -> None:
        known = _service(service)
        with self._lock.held():
            self._active()
            self._control.resume(known)
            if known is Service.APP:
                self._replicas.adjust()
                return
            self._control.start((known,))
            if known is Service.TOXIPROXY:
                self._provide_links()

    def stop(self, service: str) -> None:
        known = _service(service)
        with self._lock.held():
            self._active()
            if known is Service.APP:
                self._control.stop(known, gently=signal.SIGTERM, seconds=7.0)
            else:
                plan = blueprint(known, self._layout, self._store.read(), self._shop)
                self._control.stop(known, gently=plan.gently, seconds=plan.stop_seconds)

    def kill(self, service: str) -> None:
        known = _service(service)
        with self._lock.held():
            self._active()
            self._control.kill(known)

    def pause(self, service: str) -> None:
        known = _service(service)
        with self._lock.held():
            self._active()
            self._control.pause(known)

    def resume(self, service: str) -> None:
        known = _service(service)
        with self._lock.held():
            self._active()
            self._control.resume(known)

    def restart(self, service: str | None = None) -> None:
        with self._lock.held():
            self._active()
            if service is None:
                for every in (Service.APP, *reversed(BACKING)):
                    self.stop(every)
                self._start_all()
                self._await_ready()
            elif _service(service) is Service.APP:
                self._replicas.replace()
            else:
                self.stop(service)
                self.start(service)

    # --- releases, replicas, settings

    def releases(self) -> Sequence[Release]:
        return listed(self._shop, self._store.read())

    def deploy(self, version: str) -> None:
        if version not in self._shop.versions:
            raise BadInput(f"there is no release {version!r}; {suggest(version, self._shop.versions)}")
        with self._lock.held():
            state = self._active()
            if state.release == version and not self._needs_replicas():
                return
            self._replicas.replace(release=version, then=lambda: deployed(self._store, version, datetime.now(UTC)))

    def rollback(self, to: str | None = None) -> str:
        with self._lock.held():
            state = self._active()
            if to is None and len(state.deployed) < 2:
                raise BadInput(f"no release ran before {state.release}; `deploy` names one")
            version = to or state.deployed[-2].version
            if version not in {deployment.version for deployment in state.deployed}:
                self.deploy(version)
            elif version != state.release or self._needs_replicas():
                self._replicas.replace(
                    release=version, then=lambda: rolled_back(self._store, version, datetime.now(UTC))
                )
            return version

    def _needs_replicas(self) -> bool:
        present = self._control.records(Service.APP)
        return bool(self._replicas.outdated()) or len(present) != self._active().replicas

    def scale(self, replicas: int) -> None:
        if not 0 <= replicas <= MAX_REPLICAS:
            raise BadInput(f"replicas: a number from 0 to {MAX_REPLICAS}, not {replicas}")
        with self._lock.held():
            self._active()
            self._store.change(replicas=replicas)
            self._replicas.adjust()

    def settings(self) -> Mapping[str, str]:
        return dict(self._store.read().settings) or self._shop.defaults

    def set(self, changes: Mapping[str, str]) -> None:
        known = {setting.name: setting for setting in self._shop.settings}
        wanted = {name.replace("-", "_"): value for name, value in changes.items()}
        for name, value in wanted.items():
            if name not in known:
                raise BadInput(f"there is no setting {name!r}; {suggest(name, known)}")
            if why := known[name].refusal(value):
                raise BadInput(why)
        with self._lock.held():
            state = self._active()
            if state.settings | wanted == state.settings:
                return
            self._store.change(settings=state.settings | wanted)
            if not self._control.records(Service.APP):
                return
            try:
                self._replicas.replace()
            except EnvironmentFailed:
                self._store.change(settings=state.settings)  # The old replicas go on, with the old settings.
                raise

    @property
    def secret_settings(self) -> frozenset[str]:
        return frozenset(setting.name for setting in self._shop.settings if setting.secret)

    def changes(self, since: timedelta | None = None) -> Sequence[Change]:  # noqa: ARG002
        raise EnvironmentFailed("not yet")

    def certificate(self) -> Certificate:
        raise EnvironmentFailed("not yet")

    def renew_certificate(self, valid_for: timedelta = timedelta(days=90)) -> None:  # noqa: ARG002
        raise EnvironmentFailed("not yet")

    def stats(self) -> Sequence[ServiceStats]:
        raise EnvironmentFailed("not yet")

    def resize(self, service: str, *, memory_mb: int | None = None, cpus: float | None = None) -> None:  # noqa: ARG002
        raise EnvironmentFailed("not yet")

    # --- straight to database and cache; logs; links

    def sql(self, statement: str, *, timeout: float = 30.0) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        return direct.query(postgres.url(self._active().ports[Service.DATABASE]), statement, timeout=timeout)

    def redis(self, *words: str) -> Any:
        return direct.command(self._active().ports[Service.CACHE], words)

    def logs(self, service: str, *, since: timedelta | None = None, grep: str | None = None) -> Sequence[str]:
        after = None if since is None else datetime.now(UTC) - since
        return read_log(self._layout.log(_service(service)), after=after, grep=grep)

    def links(self) -> Sequence[LinkStatus]:
        return self._toxiproxy.links()

    def set_link(self, link: str, *, enabled: bool) -> None:
        self._toxiproxy.set_enabled(_link(link), enabled)

    def add_toxic(self, link: str, toxic: Toxic) -> None:
        self._toxiproxy.add_toxic(_link(link), toxic)

    def remove_toxic(self, link: str, name: str) -> None:
        self._toxiproxy.remove_toxic(_link(link), name)

    # --- health; the state before and after a drill

    def health(self) -> Mapping[str, tuple[bool, str]]:
        return ask_all(self.addresses, lambda: self.sql("SELECT 1", timeout=3), lambda: self.redis("PING"))

    def fingerprint(self) -> Fingerprint:
        self._active()
        return fingerprint_of(self, self._layout.config, self._replicas, self._store)

    def restore(self, fingerprint: Fingerprint) -> tuple[str, ...]:
        with self._lock.held():
            if not self._store.read().active:
                self.up()
            mend = direct.without_read_only(postgres.url(self._active().ports[Service.DATABASE]))
            return Restoring(self, self._layout.config, self._control, self._replicas, self._store, mend).run(
                fingerprint
            )


def _service(name: str) -> Service:
    try:
        return Service(name)
    except ValueError:
        raise BadInput(f"there is no service {name!r}; {suggest(name, Service)}") from None


def _link(name: str) -> Link:
    try:
        return Link(name)
    except ValueError:
        raise BadInput(f"there is no link {name!r}; {suggest(name, Link)}") from None
