"""A team's own compose project, driven by the engine and `docker compose`.

Their files are never edited, containers are never recreated, and nothing of theirs is removed: `up` starts what is
missing, `down` stops, and a service can be broken in the ways that drills.yaml's `may` names only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from drills.errors import BadInput
from drills.sandbox import change_history, release_line
from drills.sandbox.capabilities.absent import absent
from drills.sandbox.capabilities.backups import Backups
from drills.sandbox.capabilities.cache import Cache
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.certificate import InstalledCertificate
from drills.sandbox.capabilities.database import Database
from drills.sandbox.capabilities.links import Links
from drills.sandbox.capabilities.migrations import Migrations
from drills.sandbox.capabilities.releases import Releases
from drills.sandbox.capabilities.services import Running
from drills.sandbox.change_history import NotedChanges
from drills.sandbox.change_lock import ChangeLock
from drills.sandbox.commands import Commands
from drills.sandbox.compose import acts, engine
from drills.sandbox.compose.cli import ComposeCli
from drills.sandbox.compose.container_commands import ContainerCommands
from drills.sandbox.compose.containers import Containers
from drills.sandbox.compose.project import Project
from drills.sandbox.declared.addresses import lasting_host_port, url_of
from drills.sandbox.declared.affected import affected
from drills.sandbox.declared.caches import DeclaredCaches
from drills.sandbox.declared.copying import ProjectCopy
from drills.sandbox.declared.databases import DeclaredDatabases
from drills.sandbox.declared.declaration import DeclaredLink, DeclaredService
from drills.sandbox.declared.disks import DeclaredDisks
from drills.sandbox.declared.dumps import FirstDump, FirstDumps
from drills.sandbox.declared.endpoints import Endpoints
from drills.sandbox.declared.image_tags import ImageTags
from drills.sandbox.declared.links import DeclaredLinks
from drills.sandbox.declared.override import Override
from drills.sandbox.declared.project_variables import ProjectVariables
from drills.sandbox.declared.proxies import LinkProxies
from drills.sandbox.declared.readiness import Readiness
from drills.sandbox.declared.recreation import Recreation
from drills.sandbox.declared.release_commands import ReleaseCommands
from drills.sandbox.declared.releases import Deploying, ServiceReleases
from drills.sandbox.declared.remaking import Remaking
from drills.sandbox.declared.replicas import ServiceReplicas
from drills.sandbox.declared.resources import DeclaredResources
from drills.sandbox.declared.services import DeclaredServices
from drills.sandbox.declared.settings import ServiceSettings
from drills.sandbox.declared.system import DeclaredSystem, ReleaseDeclaration
from drills.sandbox.declared.undeclared import undeclared
from drills.sandbox.fingerprint import Fingerprint
from drills.sandbox.state import ComposeProject, StateStore, make_folder


class DeclaredSandbox:
    """See `drills.sandbox.sandbox.Sandbox`. Its own files are kept in `state_dir`.

    Raises BadInput when the engine is another machine's, unless that is allowed, and when the project's name is
    another folder's.
    """

    driver = "compose"

    def __init__(
        self,
        own: Project,
        state_dir: Path,
        declared: Mapping[str, DeclaredService],
        *,
        links: Mapping[str, DeclaredLink] | None = None,
        releases: ReleaseDeclaration | None = None,
        settings: Mapping[str, tuple[str, ...]] | None = None,
        allow_remote_engine: bool = False,
        home: Path | None = None,
        copy: ProjectCopy | None = None,
    ) -> None:
        """`copy` says that `own` is a throw-away copy: it is removed when it is taken down."""
        self._copy = copy
        self.commands = Commands(
            home or state_dir, lambda: self.addresses, lambda: ContainerCommands(self._containers), project=own.name
        )
        self._project = own
        variables = ProjectVariables(own)
        self._declared = {name: each.checking_in(variables.of(name)) for name, each in declared.items()}
        self._system = DeclaredSystem(
            services=self._declared, links=links or {}, releases=releases, settings=settings or {}
        )
        for field, wrong, right in self._system.problems():
            raise BadInput(f"drills.yaml: sandbox.{'.'.join(field)}: {wrong}; {right}")
        self.unavailable = undeclared(self._system)
        self.capabilities = frozenset(Capability) - self.unavailable.keys()
        self.migrations: Migrations = self._absent(Capability.MIGRATIONS)
        self.backups: Backups = self._absent(Capability.BACKUPS)
        self.certificate: InstalledCertificate = self._absent(Capability.CERTIFICATE)
        self._allow_remote_engine = allow_remote_engine
        self._folder = state_dir.absolute()
        marker = hashlib.sha256(f"{self._folder}\0{own.name}".encode()).hexdigest()[:16]
        self._store = StateStore(self._folder / "state.json", marker)
        self._lock = ChangeLock(self._folder / "change.lock")
        self._override = Override(self._store, self._folder / "override.yaml")
        self._cli = ComposeCli(own, self._override.file, lambda: self._links.renew())

    @cached_property
    def _containers(self) -> Containers:
        engine.refuse_remote(self._project.host, allowed=self._allow_remote_engine)
        return Containers(self._project)

    @cached_property
    def recreation(self) -> Recreation:
        """Asked before containers are recreated."""
        return Recreation(self._containers, self._declared)

    @cached_property
    def _links(self) -> DeclaredLinks:
        return DeclaredLinks(
            self._containers,
            Endpoints(self._containers, self._store),
            LinkProxies(self._containers, self._folder),
            self._system.links,
            self._declared,
            self._readiness.await_one,
            self._lock,
        )

    @cached_property
    def _readiness(self) -> Readiness:
        return Readiness(self._containers, self._declared)

    # --- what it has

    @cached_property
    def services(self) -> DeclaredServices:
        return DeclaredServices(
            self._containers,
            self._cli,
            self._declared,
            self._readiness,
            self._lock,
            lambda name, count: self.replicas.bring(name, count),
        )

    @cached_property
    def resources(self) -> DeclaredResources:
        return DeclaredResources(self._containers, self.services, self._store, self._lock)

    @cached_property
    def databases(self) -> DeclaredDatabases:
        return DeclaredDatabases(self._declared, self._containers)

    @property
    def database(self) -> Database:
        return self.databases.of()

    @cached_property
    def caches(self) -> DeclaredCaches:
        return DeclaredCaches(self._declared, self._containers)

    @property
    def cache(self) -> Cache:
        return self.caches.of()

    @property
    def links(self) -> Links:
        return self._links if self._system.links else self._absent(Capability.LINKS)

    @cached_property
    def releases(self) -> Releases:
        return self._absent(Capability.RELEASES) if self._releases is None else self._releases

    @cached_property
    def _releases(self) -> ServiceReleases | None:
        declared = self._system.releases
        if declared is None:
            return None
        way: Deploying = (
            ReleaseCommands(declared, self._project.folder, self._readiness.await_one)
            if declared.image is None
            else ImageTags(declared, self._project.name, self._remaking, self._cli, self._override)
        )
        return ServiceReleases(declared.service, way, self._store, self._changing)

    @cached_property
    def settings(self) -> ServiceSettings:
        return ServiceSettings(
            self._system.settings, self._remaking, self._cli, self._override, self._store, self._changing
        )

    @cached_property
    def replicas(self) -> ServiceReplicas:
        return ServiceReplicas(
            self._containers, self._cli, self._declared, self.recreation, self._store, self._changing
        )

    @cached_property
    def disk(self) -> DeclaredDisks:
        return DeclaredDisks(self._containers, self._declared)

    @cached_property
    def changes(self) -> NotedChanges:
        return NotedChanges(self._store)

    def _absent(self, capability: Capability) -> Any:
        return absent(self.unavailable[capability])

    @cached_property
    def _remaking(self) -> Remaking:
        return Remaking(self._containers, self._cli, self.recreation, self._readiness.await_one)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One change at a time; a container that is recreated has its links again."""
        with self._lock.held():
            self._remaking.take_back()
            before = self._links.state()
            try:
                yield
            finally:
                if before:
                    self._links.restore(before)

    @property
    def service_names(self) -> Sequence[str]:
        return tuple(self._declared)

    @property
    def secrets(self) -> frozenset[str]:
        return frozenset(found for service in self._declared.values() if (found := service.password()))

    def refusal(self, service: str, act: str) -> str | None:
        return self._system.refusal(service, act)

    @property
    def release_service(self) -> str | None:
        return self._system.release_service

    def setting_services(self, name: str) -> Sequence[str]:
        return self._system.setting_services(name)

    def affected(self, acts: Iterable[tuple[str, str]]) -> Sequence[str]:
        """What acts on services (service, act) would touch, one line for each. Raises EnvironmentFailed."""
        return tuple(affected(acts, self._containers, self.recreation))

    def save_data(self, acts: Iterable[tuple[str, str]]) -> Sequence[FirstDump]:
        """Dump what acts (service, act) may change, unless that was done once; nothing of a copy.

        Raises EnvironmentFailed when a dump is not complete.
        """
        if self._copy is not None:
            return ()
        return FirstDumps(self.databases.dumps, self._declared, self._folder / "dumps").take(acts)

    # --- up and down

    @property
    def addresses(self) -> Mapping[str, str]:
        listed = self._containers.list()
        if not any(each.running is not Running.DOWN for each in listed):
            return {}
        found = {"state": str(self._store.path)}
        for name, service in self._declared.items():
            own = [each for each in listed if each.service == name]
            reached_at = lasting_host_port(service, own, self._containers.inspect)
            if reached_at is not None:
                found[name] = url_of(service, reached_at)
        return found

    @property
    def heartbeats(self) -> Path:
        return self._store.heartbeats

    def is_up(self) -> bool:
        return any(each.running is not Running.DOWN for each in self._containers.list())

    def up(self) -> None:
        make_folder(self._folder)
        with self._lock.held():
            self._containers.list()  # Refuses when the name is another folder's.
            at = ComposeProject(name=self._project.name, folder=str(self._project.folder), host=self._project.host)
            if self._copy is not None:
                self._copy.use()
            self._store.change(active=True, up_since=datetime.now(UTC), compose=at)
            acts.resume(self._containers, self._containers.list())
            self._remaking.take_back()
            # Otherwise Compose would only run the jobs once more that have finished.
            if self.services.is_complete():
                self._links.renew()
            else:
                self._cli.up((), {}, options=["--no-recreate"])
            self._readiness.await_all()

    def down(self) -> None:
        """Stop all containers; none is removed, and no volume. A throw-away copy is removed."""
        with self._lock.held():
            self._links.take_away()
            if self._copy is not None:
                self._copy.remove(self._containers, self._cli)
            else:
                self._cli.stop()
            if self._store.read().active:
                self._store.change(active=False)

    def health(self) -> Mapping[str, tuple[bool, str]]:
        return self._readiness.health()

    # --- the state before and after a drill

    def fingerprint(self) -> Fingerprint:
        state = self._store.read()
        return Fingerprint(
            {
                "services": self.services.state(),
                "resources": self.resources.state(),
                "release": "" if self._releases is None else self._releases.current(),
                "settings": {name: value for name, value in self.settings.values().items() if value is not None},
                "links": self._links.state(),
                "database": self.databases.state(),
                "cache": self.caches.state(),
            },
            history={"changes": state.changes_noted, "deployed": release_line.history(state)},
        )

    def restore(self, fingerprint: Fingerprint) -> tuple[str, ...]:
        with self._lock.held():
            self._remaking.take_back()
            # First, for what runs without its links does not come up; and again, where what has them was recreated.
            done = self._links.restore(fingerprint.mapping("links"))
            done += self.settings.restore(fingerprint.mapping("settings"))
            if self._releases is not None and (release := fingerprint.states.get("release")):
                done += self._releases.restore(release)
            done += self.services.restore(fingerprint.mapping("services"))
            done += self.resources.restore(fingerprint.mapping("resources"))
            self._links.restore(fingerprint.mapping("links"))
            for status in self.services.list():
                if status.name in self._declared and status.running is Running.UP:
                    self._readiness.await_one(status.name)
            done += self.databases.restore(fingerprint.mapping("database"))
            done += self.caches.restore(fingerprint.mapping("cache"))
            change_history.forget_after(self._store, fingerprint.history.get("changes", 0))
            if deployed := fingerprint.history.get("deployed"):
                release_line.bring_back(self._store, deployed)
            return done
