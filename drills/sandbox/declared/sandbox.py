"""A team's own compose project, driven by the engine and `docker compose`.

Their files are never edited, containers are never made anew, and nothing of theirs is removed: `up` starts what is
missing, `down` stops, and a service can be broken in the ways that drills.yaml's `may` names only.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from drills.errors import BadInput, EnvironmentFailed
from drills.nearest import suggest
from drills.sandbox.change_lock import ChangeLock
from drills.sandbox.commands import Commands
from drills.sandbox.compose import engine
from drills.sandbox.compose.cli import ComposeCli
from drills.sandbox.compose.container_commands import ContainerCommands
from drills.sandbox.compose.containers import Container, Containers, at_once
from drills.sandbox.compose.project import Project
from drills.sandbox.compose.service_stats import measure
from drills.sandbox.declared.addresses import host_port, url_of
from drills.sandbox.declared.answers import answers
from drills.sandbox.declared.declaration import Act, DeclaredLink, DeclaredService, refusal
from drills.sandbox.declared.endpoints import Endpoints
from drills.sandbox.declared.lacking import LacksTheRest
from drills.sandbox.declared.link_rules import refusal as link_refusal
from drills.sandbox.declared.links import DeclaredLinks
from drills.sandbox.declared.override import Override
from drills.sandbox.declared.proxies import LinkProxies
from drills.sandbox.declared.recreation import Recreation
from drills.sandbox.declared.restoring import fingerprint_of, restore
from drills.sandbox.log_lines import chosen, in_order
from drills.sandbox.protocol import Capability, Fingerprint, LinkStatus, Running, ServiceStats, ServiceStatus, Toxic
from drills.sandbox.state import ComposeProject, StateStore, make_folder

#: How long services may take until they answer: images are built by then, but a database may have to recover.
READY_SECONDS = 120.0
#: What Compose gives a container to end in good order, unless the compose file says otherwise.
STOP_SECONDS = 10
_POLL_SECONDS = 0.1


class DeclaredSandbox(LacksTheRest):
    """See `drills.sandbox.protocol.Sandbox`. Its own files are kept in `state_dir`.

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
        allow_remote_engine: bool = False,
        home: Path | None = None,
    ) -> None:
        self.commands = Commands(home or state_dir, lambda: self.addresses, lambda: ContainerCommands(self._containers))
        self._project = own
        self._declared = dict(declared)
        self._declared_links = dict(links or {})
        has_links = {Capability.LINKS} if self._declared_links else set()
        self.capabilities = frozenset({Capability.SERVICES, Capability.RESOURCES, *has_links})
        self.unavailable = {each: why for each, why in self.unavailable.items() if each not in self.capabilities}
        self._allow_remote_engine = allow_remote_engine
        self._folder = state_dir.absolute()
        marker = hashlib.sha256(f"{self._folder}\0{own.name}".encode()).hexdigest()[:16]
        self._store = StateStore(self._folder / "state.json", marker)
        self._lock = ChangeLock(self._folder / "change.lock")
        self._override = Override(self._store, self._folder / "override.yaml")
        self._cli = ComposeCli(own, self._override.file)

    @cached_property
    def _containers(self) -> Containers:
        if not self._allow_remote_engine and not engine.is_local(self._project.host):
            raise BadInput(
                f"the Docker engine at {self._project.host} is not on this machine, and drills break things; "
                "unset DOCKER_HOST, or say in drills.yaml: sandbox: {allow-remote-engine: true}"
            )
        return Containers(self._project)

    @cached_property
    def recreation(self) -> Recreation:
        """Asked before containers are made anew."""
        return Recreation(self._containers, self._declared)

    @cached_property
    def _links(self) -> DeclaredLinks:
        return DeclaredLinks(
            self._containers,
            Endpoints(self._containers, self._store),
            LinkProxies(self._containers, self._folder),
            self._declared_links,
            self._declared,
            self._await,
        )

    @property
    def service_names(self) -> Sequence[str]:
        return tuple(self._declared)

    def refusal(self, service: str, act: str) -> str | None:
        if act == Act.CUT:
            return link_refusal(self._declared_links, self._declared, service)
        return refusal(self._declared, service, act)

    # --- up and down

    @property
    def addresses(self) -> Mapping[str, str]:
        listed = self._containers.list()
        if not any(each.running is not Running.DOWN for each in listed):
            return {}
        found = {"state": str(self._store.path)}
        for name, service in self._declared.items():
            reached_at = host_port(service, [each for each in listed if each.service == name])
            if reached_at is not None:
                found[name] = url_of(service, reached_at)
        return found

    def is_up(self) -> bool:
        return any(each.running is not Running.DOWN for each in self._containers.list())

    def up(self) -> None:
        make_folder(self._folder)
        with self._lock.held():
            self._containers.list()  # Refuses when the name is another folder's.
            at = ComposeProject(name=self._project.name, folder=str(self._project.folder), host=self._project.host)
            self._store.change(active=True, up_since=datetime.now(UTC), compose=at)
            paused = [each for each in self._containers.list() if each.running is Running.PAUSED]
            at_once(self._containers.unpause, paused)
            self._cli.up((), {}, options=["--no-recreate"])
            self._await_all()

    def down(self) -> None:
        """Stop all containers; none is removed, and no volume."""
        with self._lock.held():
            self._links.take_away()
            self._cli.stop()
            if self._store.read().active:
                self._store.change(active=False)

    def _await_all(self) -> None:
        """Until each declared service answers. Raises EnvironmentFailed with the last words of one that does not."""
        for name in self._declared:
            self._await(name)

    def _await(self, name: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while (why_not := self._why_not_ready(name)) is not None:
            if time.monotonic() > deadline:
                raise EnvironmentFailed(f"{name} did not come up ({why_not}): {self._last_words(name)}")
            time.sleep(_POLL_SECONDS)

    def _why_not_ready(self, name: str) -> str | None:
        own = self._of(name)
        if not own:
            raise EnvironmentFailed(
                f"the compose file makes no container of {name}; is it in a profile that is not active? "
                "(COMPOSE_PROFILES chooses them)"
            )
        if all(each.running is Running.DOWN for each in own):
            return "it has ended"
        if "(health: starting)" in own[0].status or "(unhealthy)" in own[0].status:
            return own[0].status.partition("(")[2].rstrip(")")
        reached_at = host_port(self._declared[name], own)
        return None if reached_at is None else answers(self._declared[name], reached_at)

    # --- services

    def services(self) -> Sequence[ServiceStatus]:
        listed = self._containers.list()
        names = dict.fromkeys([*self._declared, *(each.service for each in listed)])
        return [self._status(name, [each for each in listed if each.service == name]) for name in names]

    def _status(self, name: str, own: Sequence[Container]) -> ServiceStatus:
        alive = [each for each in own if each.running is not Running.DOWN]
        well = sum(each.running is Running.UP for each in alive)
        frozen = bool(alive) and not well
        running = Running.DOWN if not alive else Running.PAUSED if frozen else Running.UP
        service = self._declared.get(name)
        return ServiceStatus(
            name=name,
            running=running,
            version=own[0].image if own else "",
            address=(host_port(service, own) or "") if service is not None else "",
            replicas=len(alive),
            detail=f"{well} of {len(own)} run" if running is Running.UP and well != len(own) else "",
        )

    def start(self, service: str) -> None:
        with self._lock.held():
            own = self._chosen(service)
            if not own:
                self._cli.up([service], {}, options=["--no-recreate", "--no-deps"])
            at_once(self._containers.unpause, [each for each in own if each.running is Running.PAUSED])
            at_once(self._containers.start, [each for each in own if each.running is Running.DOWN])
            self._await(service.partition("/")[0])

    def stop(self, service: str) -> None:
        with self._lock.held():
            own = self._chosen(service)
            at_once(self._containers.unpause, [each for each in own if each.running is Running.PAUSED])
            at_once(lambda each: self._containers.stop(each, STOP_SECONDS), own)

    def kill(self, service: str) -> None:
        with self._lock.held():
            at_once(self._containers.kill, [e for e in self._chosen(service) if e.running is not Running.DOWN])

    def pause(self, service: str) -> None:
        with self._lock.held():
            at_once(self._containers.pause, [e for e in self._chosen(service) if e.running is Running.UP])

    def resume(self, service: str) -> None:
        with self._lock.held():
            at_once(self._containers.unpause, [e for e in self._chosen(service) if e.running is Running.PAUSED])

    def restart(self, service: str | None = None) -> None:
        for name in self._declared if service is None else (service,):
            self.stop(name)
        for name in self._declared if service is None else (service,):
            self.start(name)

    def stats(self) -> Sequence[ServiceStats]:
        return measure(self._containers, [status.name for status in self.services()], None)

    def resize(self, service: str, *, memory_mb: int | None = None, cpus: float | None = None) -> None:
        with self._lock.held():
            memory = None if memory_mb is None else memory_mb * 2**20
            for each in self._chosen(service):
                self._containers.limit(each, memory_bytes=memory, cpus=cpus)

    def logs(self, service: str, *, since: timedelta | None = None, grep: str | None = None) -> Sequence[str]:
        after = None if since is None else datetime.now(UTC) - since
        written = at_once(lambda each: self._containers.logs(each, since=after), self._chosen(service))
        lines = [line for text in written for line in text.splitlines()]
        return chosen(in_order(lines) if len(written) > 1 else lines, after=after, grep=grep)

    def health(self) -> Mapping[str, tuple[bool, str]]:
        found = {}
        for name in self._declared:
            try:
                why_not = self._why_not_ready(name)
            except EnvironmentFailed as error:
                why_not = str(error)
            found[name] = (why_not is None, why_not or "answers")
        return found

    def _chosen(self, service: str) -> list[Container]:
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

    def _of(self, name: str) -> list[Container]:
        return [each for each in self._containers.list() if each.service == name]

    def _last_words(self, name: str) -> str:
        for each in self._of(name):
            lines = [line.strip() for line in self._containers.logs(each, tail=5).splitlines() if line.strip()]
            if lines:
                return lines[-1]
        return "it said nothing"

    # --- links

    def links(self) -> Sequence[LinkStatus]:
        return self._links.list()

    def set_link(self, link: str, *, enabled: bool) -> None:
        with self._lock.held():
            self._links.set(link, enabled=enabled)

    def add_toxic(self, link: str, toxic: Toxic) -> None:
        with self._lock.held():
            self._links.add_toxic(link, toxic)

    def remove_toxic(self, link: str, name: str) -> None:
        with self._lock.held():
            self._links.remove_toxic(link, name)

    def put_links_in(self, links: Collection[str]) -> tuple[str, ...]:
        with self._lock.held():
            return self._links.put_in(links)

    def link_carried(self, link: str) -> int | None:
        return self._links.carried(link)

    def link_callers(self, links: Collection[str]) -> tuple[str, ...]:
        return self._links.callers(links)

    # --- the state before and after a drill

    def fingerprint(self) -> Fingerprint:
        return replace(fingerprint_of(self._containers), links=self._links.state())

    def restore(self, fingerprint: Fingerprint) -> tuple[str, ...]:
        with self._lock.held():
            # First, for what runs without its links does not come up; and again, where what has them was made anew.
            done = self._links.restore(fingerprint.links)
            done += restore(self._containers, self._cli, fingerprint)
            self._links.restore(fingerprint.links)
            for name in self._declared:
                if any(each.running is Running.UP for each in self._of(name)):
                    self._await(name)
            return done
