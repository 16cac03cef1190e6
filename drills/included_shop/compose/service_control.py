"""Starting, stopping and freezing the services of the compose sandbox, the app apart (see `app_replicas`)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from drills.errors import EnvironmentFailed
from drills.included_shop.compose.answering import answers
from drills.included_shop.compose.layout import CONFIGURED, Layout, digest, settings_digest, variables
from drills.included_shop.compose.ports import DIRECT, DISK
from drills.included_shop.definitions import ShopDefinitions
from drills.included_shop.names import Service
from drills.included_shop.provider_console import settings_of, took_settings
from drills.sandbox.capabilities.services import Running
from drills.sandbox.compose import acts, project
from drills.sandbox.compose.cli import ComposeCli
from drills.sandbox.compose.containers import Container, Containers, at_once, standing
from drills.sandbox.compose.service_stats import Limits
from drills.sandbox.state import StateStore

#: One that has ended is noticed at once; this is for a machine that is very busy.
START_SECONDS = 60.0
#: Of one replica, by the compose file.
USUAL_APP_CPUS = "1"
#: How long each may take to end in order; the compose file has the same as `stop_grace_period`.
_STOP_SECONDS: Mapping[str, int] = {Service.APP: 8, Service.DATABASE: 12}


class ServiceControl:
    """Callers hold the change lock. All raise EnvironmentFailed."""

    def __init__(
        self, layout: Layout, store: StateStore, shop: ShopDefinitions, containers: Containers, cli: ComposeCli
    ) -> None:
        self.layout = layout
        self.store = store
        self.shop = shop
        self.containers = containers
        self.cli = cli

    def of(self, *services: str) -> list[Container]:
        """The containers of these services, by number, running or not."""
        return [container for container in self.containers.list() if container.service in services]

    def running(self, service: str) -> Running:
        """Down when no container of it runs, paused when all that run are frozen."""
        return standing(self.of(service))

    def variables(self) -> dict[str, str]:
        return variables(self.store.read(), self.shop, self.layout)

    # --- start

    def start(self, services: Sequence[Service]) -> None:
        """Start those that are down, at the same time, make those that are gone, and wait until each answers."""
        down = [service for service in services if self.running(service) is Running.DOWN]
        if not down:
            return
        wanted = [*down, DISK] if Service.DATABASE in down else list(down)
        present = self.of(*wanted)
        lost_disk = DISK in wanted and not any(each.service == DISK and each.state == "running" for each in present)
        missing = [service for service in wanted if service not in {container.service for container in present}]
        if missing:
            self.make(missing)
        # The disk first: what is mounted is lost with the last container that holds it.
        acts.start(self.containers, [container for container in present if container.service == DISK])
        acts.start(self.containers, [container for container in present if container.service != DISK])
        for service in down:
            self.await_answer(service)
        # A container starts with the settings that it was created with, not with those that it was sent since.
        self.refresh([service for service in down if service is Service.EXTERNAL_API])
        if lost_disk:
            self._fill()

    def start_what_supports(self) -> None:
        """What is no service of the shop and yet must run: the way around the edge, and who holds the disk."""
        listed = self.containers.list()
        for name in (DISK, DIRECT):
            own = [container for container in listed if container.service == name]
            if not own:
                self.make([name])
            acts.start(self.containers, own)

    def make(self, services: Sequence[str]) -> None:
        """Make the containers of these services that are gone; the others stay as they are."""
        self.cli.up(services, self.variables(), options=["--no-deps", "--no-recreate"])

    def refresh(self, services: Sequence[Service]) -> None:
        """Give those that run with other settings the present ones, as gently as each allows."""
        self.recreate([service for service in self.outdated(services) if not took_settings(self, self.store, service)])

    def recreate(self, services: Sequence[Service]) -> None:
        """Replace their containers by ones with the present settings, and wait until they answer."""
        if not services:
            return
        self.cli.up(services, self.variables(), options=["--no-deps", "--force-recreate"])
        for service in services:
            self.await_answer(service)

    def await_answer(self, service: Service, seconds: float = START_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        port = self.store.read().ports[service]
        while not answers(service, port):
            dead = self.running(service) is Running.DOWN
            if dead or time.monotonic() > deadline:
                what = "ended at once" if dead else f"did not answer within {seconds:g} s"
                raise EnvironmentFailed(f"{service} did not come up ({what}): {self.last_words(service)}")
            time.sleep(0.05)

    def _fill(self) -> None:
        """Fill a database that has lost its rows with its disk; leaves a filled one as it is."""
        for seed in self.of("seed"):
            self.containers.remove(seed)
        self.make(["seed"])
        for seed in self.of("seed"):
            if self.containers.exit_status(seed) != 0:
                raise EnvironmentFailed(f"the database could not be filled: {self.last_words('seed')}")

    # --- stop, freeze

    def stop(self, *services: Service) -> None:
        """All at the same time."""
        acts.stop(self.containers, self.of(*services), grace)

    def kill(self, service: Service) -> None:
        acts.kill(self.containers, self.of(service))

    def pause(self, service: Service) -> None:
        acts.pause(self.containers, self.of(service))

    def resume(self, service: Service) -> None:
        acts.resume(self.containers, self.of(service))

    def restart(self, service: Service) -> None:
        if self.outdated((service,)):
            self.recreate((service,))
        else:
            self.stop(service)
            self.start((service,))

    def sweep(self) -> tuple[str, ...]:
        """Remove what a killed runner left behind: containers that were made for one command. Returns their names."""
        listed = project.own(self.containers.project, project.listed(self.containers.project))
        left = [each for each in listed if (each.get("Labels") or {}).get(project.ONE_OFF) == "True"]
        with self.containers.api() as api:
            for each in left:
                api.remove_container(each["Id"], force=True, v=True)
        return tuple(str(each["Names"][0]).removeprefix("/") for each in left)

    # --- what they run with

    def outdated(self, services: Sequence[Service]) -> list[Service]:
        """Those of the services of which a container runs with other settings than the state says."""
        settings = self.store.read().settings
        return [
            service
            for service in services
            if service in CONFIGURED
            and any(
                self._runs_with(container) != settings_digest(self.shop, service, settings)
                for container in self.of(service)
            )
        ]

    def _runs_with(self, container: Container) -> str:
        """The digest of its settings, by its own word where it has one."""
        if container.service == Service.EXTERNAL_API and container.running is Running.UP:
            own = settings_of(self.store.read().ports[Service.EXTERNAL_API])
            if own is not None:
                return digest(own)
        return self.made_with(container)

    def made_with(self, container: Container) -> str:
        """The digest of the settings that a container was made with."""
        if label := container.labels.get("drills.settings"):
            return label
        # Made by hand, with `docker compose up`: the container itself says it.
        return digest(self.environment(container))

    def environment(self, container: Container) -> dict[str, str]:
        """The variables of its service's settings, as the container has them."""
        about = self.containers.inspect(container)
        given = dict(pair.split("=", 1) for pair in about["Config"]["Env"] if "=" in pair)
        # In a container the kernel holds this limit, and not the app.
        given["SHOP_MEMORY_LIMIT_MB"] = str(about["HostConfig"]["Memory"] // 2**20)
        known = self.shop.environment(container.service, {})
        return {name: given.get(name, default) for name, default in known.items()}

    # --- limits

    def limit(self, service: Service, *, memory_bytes: int | None, cpus: float | None) -> None:
        """Change the limits of each of its containers, and of those that are made later."""
        for container in self.of(service):
            self.containers.limit(container, memory_bytes=memory_bytes, cpus=cpus)
        limits = dict(self.store.read().limits)
        if memory_bytes is not None:
            limits[f"{service}-memory"] = str(memory_bytes)
        if cpus is not None:
            limits[f"{service}-cpus"] = f"{cpus:g}"
        self.store.change(limits=limits)

    def resources(self) -> Mapping[str, str]:
        """The limits of each service that are no settings (the app's memory is one), as the engine holds them."""
        backing = self.of(*(service for service in Service if service is not Service.APP))
        found = {f"{Service.APP}.cpus": self.store.read().limits.get(f"{Service.APP}-cpus", USUAL_APP_CPUS)}
        for container, limits in zip(backing, at_once(self._limits, backing), strict=True):
            found[f"{container.service}.cpus"] = f"{limits.cpus or 0:g}"
            found[f"{container.service}.memory"] = str(limits.memory_bytes or 0)
        return found

    def bring_resources_to(self, wanted: Mapping[str, str]) -> None:
        """Give every service the limits that `resources` told."""
        present = self.resources()
        for name, limit in wanted.items():
            if present.get(name) == limit:
                continue
            service, _, kind = name.partition(".")
            if kind == "memory":
                self.limit(Service(service), memory_bytes=int(limit), cpus=None)
            else:
                self.limit(Service(service), memory_bytes=None, cpus=float(limit))

    def _limits(self, container: Container) -> Limits:
        return Limits.of(self.containers.inspect(container))

    def last_words(self, service: str, *containers: Container) -> str:
        """The last line that the service (or only those of its containers) wrote, for an error's message."""
        for container in containers or reversed(self.of(service)):
            lines = [line.strip() for line in self.containers.logs(container, tail=5).splitlines() if line.strip()]
            if lines:
                return lines[-1]
        return "it printed nothing"


def grace(container: Container) -> int:
    """How many seconds it may take to end in order."""
    return _STOP_SECONDS.get(container.service, 5)
