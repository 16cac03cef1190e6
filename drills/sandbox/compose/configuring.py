"""The compose sandbox's releases, replicas, settings, certificate and limits, and what was changed when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from drills.errors import BadInput, DrillsError, EnvironmentFailed
from drills.nearest import suggest
from drills.sandbox import change_history
from drills.sandbox.compose.bringing_up import BringsUp
from drills.sandbox.compose.parts import BACKING
from drills.sandbox.compose.service_stats import measure
from drills.sandbox.names import service_named
from drills.sandbox.protocol import Certificate, Change, Release, Service, ServiceStats
from drills.sandbox.release_line import deployed, listed, rolled_back

MAX_REPLICAS = 16


class Configures(BringsUp):
    # --- releases and replicas

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

    def scale(self, replicas: int) -> None:
        if not 0 <= replicas <= MAX_REPLICAS:
            raise BadInput(f"replicas: a number from 0 to {MAX_REPLICAS}, not {replicas}")
        with self._lock.held():
            before = self._active().replicas
            self._store.change(replicas=replicas)
            self._replicas.adjust()
            if before != replicas:
                change_history.note(self._store, f"app scaled from {before} to {replicas} replicas")

    # --- settings

    def settings(self) -> Mapping[str, str]:
        return self._shop.complete(self._store.read().settings)

    @property
    def secret_settings(self) -> frozenset[str]:
        return self._shop.secrets

    def set(self, changes: Mapping[str, str]) -> None:
        wanted = self._shop.checked(changes)
        with self._lock.held():
            before = self._shop.complete(self._active().settings)
            after = before | wanted
            if before == after:
                return
            self._store.change(settings=after)
            try:
                self._control.recreate(self._control.outdated(BACKING))
                if self._replicas.alive() and self._replicas.outdated():
                    self._replicas.replace()
            except EnvironmentFailed:
                self._store.change(settings=before)  # The old replicas go on, with the old settings.
                self._control.recreate(self._control.outdated(BACKING))
                raise
            change_history.note(self._store, change_history.told_settings(before, after, self._shop.secrets))

    def changes(self, since: timedelta | None = None) -> Sequence[Change]:
        return change_history.listed(self._store.read(), since, datetime.now(UTC))

    # --- the edge's certificate

    def certificate(self) -> Certificate:
        self._active()
        return self._certificate.read()

    def renew_certificate(self, valid_for: timedelta = timedelta(days=90)) -> None:
        with self._lock.held():
            self._active()
            self._certificate.renew(valid_for)
            until = f"{self._certificate.read().not_after:%Y-%m-%d %H:%M} UTC"
            change_history.note(self._store, f"certificate of the edge replaced, valid until {until}")

    # --- figures and limits

    def stats(self) -> Sequence[ServiceStats]:
        self._active()
        try:
            usage = self._disk.usage()
            disk = (usage.used, usage.total)
        except DrillsError:
            disk = None
        return measure(self._containers, (Service.APP, *BACKING), disk)

    def resize(self, service: str, *, memory_mb: int | None = None, cpus: float | None = None) -> None:
        known = service_named(service)
        if memory_mb is None and cpus is None:
            raise BadInput("resize: say how much memory, or how many cpus")
        if memory_mb is not None and memory_mb < 6:
            raise BadInput(f"memory: at least 6 MB, not {memory_mb}")
        if cpus is not None and not 0.01 <= cpus <= 512:
            raise BadInput(f"cpus: a number of cores such as 0.5 or 2, not {cpus:g}")
        with self._lock.held():
            self._active()
            if memory_mb is not None and known is Service.APP:
                self.set({"memory_limit_mb": str(memory_mb)})
                memory_mb = None
            if memory_mb is None and cpus is None:
                return
            try:
                memory = None if memory_mb is None else memory_mb * 2**20
                self._control.limit(known, memory_bytes=memory, cpus=cpus)
            except EnvironmentFailed as error:
                raise BadInput(f"{known}: {error}") from error
            told = [f"{memory_mb} MB of memory"] if memory_mb is not None else []
            told += [f"{cpus:g} cores"] if cpus is not None else []
            change_history.note(self._store, f"{known} limited to {' and '.join(told)} for a replica")
