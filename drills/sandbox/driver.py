"""What every driver does alike, on top of what each has: its state, its services, its replicas, its certificate."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from drills.errors import BadInput, EnvironmentFailed
from drills.nearest import suggest
from drills.sandbox import change_history, direct
from drills.sandbox.capabilities.certificate import Certificate
from drills.sandbox.capabilities.changes import Change
from drills.sandbox.capabilities.links import LinkStatus, Toxic
from drills.sandbox.capabilities.releases import Release
from drills.sandbox.database.keeping import KeepsDatabase
from drills.sandbox.definitions import ShopDefinitions, definitions
from drills.sandbox.health import ask_all
from drills.sandbox.http_answers import look
from drills.sandbox.names import Named, link_named, named
from drills.sandbox.ports import HOST
from drills.sandbox.release_line import deployed, listed, rolled_back
from drills.sandbox.restoring import Control, Replicas
from drills.sandbox.shop.names import Service
from drills.sandbox.state import SandboxState

if TYPE_CHECKING:
    from drills.sandbox.toxiproxy import Toxiproxy

#: What does not depend on another comes first; the app comes last and goes first.
BACKING = (
    Service.DATABASE,
    Service.CACHE,
    Service.EXTERNAL_API,
    Service.TOXIPROXY,
    Service.EDGE,
    Service.DNS,
)
#: How long the app may take until it answers, once all runs: when it comes up on a busy machine, and for an operator
#: who restarts all of it in an incident and wants to know.
READY_SECONDS = 60.0
RESTARTED_SECONDS = 20.0
MAX_REPLICAS = 16


class InstalledCertificate(Protocol):
    """The edge's certificate, as far as it is needed here."""

    def read(self) -> Certificate: ...
    def renew(self, valid_for: timedelta) -> None: ...


class Driver(KeepsDatabase):
    """See `drills.sandbox.sandbox.Sandbox` for what the public ones promise."""

    @property
    @abstractmethod
    def addresses(self) -> Mapping[str, str]: ...

    @property
    @abstractmethod
    def _control(self) -> Control: ...

    @property
    @abstractmethod
    def _replicas(self) -> Replicas: ...

    @property
    @abstractmethod
    def _certificate(self) -> InstalledCertificate: ...

    @property
    def _shop(self) -> ShopDefinitions:
        return definitions(self._shop_root)

    @property
    def _toxiproxy(self) -> Toxiproxy:
        from drills.sandbox.toxiproxy import Toxiproxy  # its HTTP library is slow to load; few commands need it

        return Toxiproxy(f"http://{HOST}:{self._active().ports[Service.TOXIPROXY]}")

    def _active(self) -> SandboxState:
        """The state of a sandbox that is up. Raises EnvironmentFailed when it is not."""
        state = self._store.read()
        if not state.active:
            raise EnvironmentFailed("the sandbox is down; `drills sandbox up` starts it")
        return state

    def _named(self, name: str) -> Named:
        return named(name, self._active().replicas)

    # --- services

    @property
    def service_names(self) -> Sequence[str]:
        return tuple(Service)

    def refusal(self, service: str, act: str) -> str | None:
        wanted = {"sql": Service.DATABASE, "fill": Service.CACHE}.get(act)
        if not service:
            return None if wanted else f"say which service: {act} can be done to several"
        try:
            found = link_named(service) if act == "cut" else named(service, MAX_REPLICAS).service
        except BadInput as error:
            return str(error)
        return None if wanted in (None, found) else f"{service} is not what answers that; {wanted} is"

    def kill(self, service: str) -> None:
        self._act_on(service, self._replicas.kill_one, self._control.kill)

    def pause(self, service: str) -> None:
        self._act_on(service, self._replicas.pause_one, self._control.pause)

    def resume(self, service: str) -> None:
        self._act_on(service, self._replicas.resume_one, self._control.resume)

    def _act_on(self, name: str, on_replica: Callable[[int], None], on_service: Callable[[Service], None]) -> None:
        """Do the one or the other, as the name is a replica's or a whole service's."""
        with self._lock.held():
            known = self._named(name)
            if known.replica is not None:
                on_replica(known.replica)
            else:
                on_service(known.service)

    def _await_ready(self, seconds: float = READY_SECONDS) -> None:
        """Until the app answers. Raises EnvironmentFailed."""
        if self._active().replicas == 0:
            return
        deadline = time.monotonic() + seconds
        while True:
            status, said = look(f"{self.addresses['app']}/ready", timeout=5)
            if status == 200:
                return
            if time.monotonic() > deadline:
                raise EnvironmentFailed(f"the app did not become ready within {seconds:g} s: {said or status}")
            time.sleep(0.05)

    # --- releases and replicas

    def releases_list(self) -> Sequence[Release]:
        return listed(self._shop, self._store.read())

    def deploy(self, version: str) -> None:
        if version not in self._shop.versions:
            raise BadInput(f"there is no release {version!r}; {suggest(version, self._shop.versions)}")
        with self._lock.held():
            state = self._active()
            if state.release == version and not self._needs_replicas():
                return
            self._replicas.replace(release=version, then=lambda: deployed(self._store, version, datetime.now(UTC)))
            change_history.note(self._store, f"release {version} deployed")

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
                change_history.note(self._store, f"rolled back from release {state.release} to {version}")
            return version

    def _needs_replicas(self) -> bool:
        return bool(self._replicas.outdated()) or self._replicas.alive() != self._active().replicas

    @property
    def release_service(self) -> str | None:
        return Service.APP

    def scale(self, replicas: int, service: str | None = None) -> None:
        if service not in (None, Service.APP):
            raise BadInput(f"only {Service.APP} can be scaled, not {service}")
        if not 0 <= replicas <= MAX_REPLICAS:
            raise BadInput(f"replicas: a number from 0 to {MAX_REPLICAS}, not {replicas}")
        with self._lock.held():
            before = self._active().replicas
            self._store.change(replicas=replicas)
            self._replicas.adjust()
            if before != replicas:
                change_history.note(self._store, f"app scaled from {before} to {replicas} replicas")

    # --- settings, changes, certificate

    def settings_values(self) -> Mapping[str, str]:
        return self._shop.complete(self._store.read().settings)

    def set(self, changes: Mapping[str, str | None]) -> None:
        unset = [name for name, value in changes.items() if value is None]
        if unset:
            raise BadInput(f"{unset[0]} always has a value; write {unset[0]}=VALUE")
        wanted = self._shop.checked({name: value for name, value in changes.items() if value is not None})
        with self._lock.held():
            before = self._shop.complete(self._active().settings)
            after = before | wanted
            if before != after:
                self._store.change(settings=after)
            try:
                self._refresh()
                # Also when nothing is to be changed: the runner that changed it may have died before the app had it.
                if self._replicas.alive() and self._replicas.outdated():
                    self._replicas.replace()
            except BaseException:
                self._store.change(settings=before)  # The old replicas go on, with the old settings.
                self._refresh()
                raise
            if before != after:
                change_history.note(self._store, change_history.told_settings(before, after, self._shop.secrets))

    def setting_services(self, name: str) -> Sequence[str]:  # noqa: ARG002 - they are the shop's as a whole
        return ()

    @abstractmethod
    def _refresh(self) -> None:
        """Give the services behind the app that run with other settings the present ones."""

    @property
    def secret_settings(self) -> frozenset[str]:
        return self._shop.secrets

    def changes_list(self, since: timedelta | None = None) -> Sequence[Change]:
        return change_history.listed(self._store.read(), since, datetime.now(UTC))

    def certificate_read(self) -> Certificate:
        self._active()
        return self._certificate.read()

    def renew_certificate(self, valid_for: timedelta = timedelta(days=90)) -> None:
        with self._lock.held():
            self._active()
            self._certificate.renew(valid_for)
            until = f"{self._certificate.read().not_after:%Y-%m-%d %H:%M} UTC"
            change_history.note(self._store, f"certificate of the edge replaced, valid until {until}")

    # --- straight to database and cache; links

    def sql(self, statement: str, *, timeout: float = 30.0) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        return direct.query(self._owner_url(), statement, timeout=timeout)

    def redis(self, *words: str) -> Any:
        return direct.command(self._active().ports[Service.CACHE], words)

    def links_list(self) -> Sequence[LinkStatus]:
        return self._toxiproxy.links()

    def set_link(self, link: str, *, enabled: bool) -> None:
        self._toxiproxy.set_enabled(link_named(link), enabled)

    def add_toxic(self, link: str, toxic: Toxic) -> None:
        self._toxiproxy.add_toxic(link_named(link), toxic)

    def remove_toxic(self, link: str, name: str) -> None:
        self._toxiproxy.remove_toxic(link_named(link), name)

    # --- health; the state before and after a drill

    def health(self) -> Mapping[str, tuple[bool, str]]:
        return ask_all(self.addresses, lambda: self.sql("SELECT 1", timeout=3), lambda: self.redis("PING"))
