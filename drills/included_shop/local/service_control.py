"""Starting, stopping and freezing the services of the local sandbox, with its state file kept true all the while."""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import psutil

from drills.errors import EnvironmentFailed
from drills.included_shop.definitions import ShopDefinitions
from drills.included_shop.links import toxiproxy_at
from drills.included_shop.local import limits, postgres, processes, shared_memory
from drills.included_shop.local.blueprints import (
    APP_STOP_SECONDS,
    UPSTREAM,
    Blueprint,
    Layout,
    blueprint,
    settings_digest,
    settings_text,
)
from drills.included_shop.names import Service
from drills.included_shop.provider_console import settings_of
from drills.processes.start import start_ticks
from drills.sandbox import ports
from drills.sandbox.capabilities.services import Running
from drills.sandbox.state import Intention, ProcessRecord, StateStore

#: One that has ended is noticed at once; this is for a machine that is very busy.
START_SECONDS = 60.0


class ServiceControl:
    """Acts on the processes of the services. Callers hold the change lock."""

    def __init__(self, layout: Layout, store: StateStore, shop: ShopDefinitions, marker: str) -> None:
        self.layout = layout
        self.store = store
        self.shop = shop
        self.marker = marker

    # --- what runs

    def find(self, record: ProcessRecord) -> psutil.Process | None:
        """The process on record, while it runs."""
        return processes.found(record, self.marker)

    def records(self, service: Service) -> list[ProcessRecord]:
        """Those of the service's recorded processes that still run."""
        return [
            record
            for record in self.store.read().processes
            if record.service == service and self.find(record) is not None
        ]

    def processes(self, service: Service) -> list[psutil.Process]:
        """All running processes of the service, PostgreSQL's children (orphaned ones too) among them."""
        ours: dict[int, psutil.Process] = {}
        for record in self.records(service):
            process = self.find(record)
            if process is not None:
                ours |= {member.pid: member for member in processes.family(process)}
        if service is Service.DATABASE:
            ours |= {left.pid: left for left in postgres.left_over(self.layout.database)}
        return list(ours.values())

    def running(self, service: Service) -> Running:
        """Down when no recorded process runs, paused when all of them are frozen."""
        own = [process for record in self.records(service) if (process := self.find(record)) is not None]
        if not own:
            return Running.DOWN
        return Running.PAUSED if all(processes.paused(process) for process in own) else Running.UP

    def frozen(self, service: Service) -> tuple[int, ...]:
        """Which of the service's recorded processes are paused, by number from 1."""
        own = [self.find(record) for record in self.records(service)]
        return tuple(number for number, each in enumerate(own, 1) if each is not None and processes.paused(each))

    def outdated(self, services: Sequence[Service]) -> list[Service]:
        """Those (not the app) that run with other settings than the state says."""
        settings = self.store.read().settings
        return [
            service
            for service in services
            for record in self.records(service)
            if record.settings and self._runs_with(record) != settings_digest(self.shop, service, settings)
        ]

    def _runs_with(self, record: ProcessRecord) -> str:
        """Its settings as one text, by its own word where it has one."""
        if record.service == Service.EXTERNAL_API and self.running(Service.EXTERNAL_API) is Running.UP:
            own = settings_of(record.port)
            if own is not None:
                return settings_text(own)
        return record.settings

    # --- start

    def start(self, services: Sequence[Service]) -> None:
        """Start those that are down, at the same time, and wait until each answers. Raises EnvironmentFailed."""
        begun: list[tuple[Blueprint, psutil.Process]] = []
        for service in services:
            if self.running(service) is Running.DOWN:
                plan = blueprint(service, self.layout, self.store.read(), self.shop)
                begun.append((plan, self.begin(plan)))
        for plan, process in begun:
            self.await_ready(plan, process, time.monotonic() + START_SECONDS)
        if Service.TOXIPROXY in services:
            self._provide_links()

    def _provide_links(self) -> None:
        """Make the links that Toxiproxy lacks (it forgets all when it ends); leaves the others as they are."""
        known = self.store.read().ports
        client = toxiproxy_at(known[Service.TOXIPROXY])
        present = {link.name for link in client.links()}
        for link, service in UPSTREAM.items():
            if link not in present:
                client.create(link, f"{ports.HOST}:{known[link]}", f"{ports.HOST}:{known[service]}")

    def begin(self, plan: Blueprint, *, release: str = "", beside: bool = False) -> psutil.Process:
        """Start one process, journaled before and recorded after. `beside`: it shares its port with others."""
        if plan.service is Service.DATABASE:
            self._clear_database()
        if not beside and not ports.is_free(plan.port):
            raise EnvironmentFailed(
                f"port {plan.port} of the {plan.service} is taken by another process: end that one, "
                "or take the sandbox down and up again, which chooses free ports"
            )
        if self.store.read().starting:
            self.sweep()
        intention = Intention(service=plan.service, at=datetime.now(UTC))
        self.store.change(starting=(intention,))
        process = processes.spawn(
            plan.command,
            marker=self.marker,
            environment=plan.environment,
            log=self.layout.log(plan.service),
            folder=plan.folder,
            user=plan.user,
        )
        record = ProcessRecord(
            service=plan.service,
            pid=process.pid,
            create_time=process.create_time(),
            start_ticks=start_ticks(process.pid) or 0,
            port=plan.port,
            release=release,
            settings=plan.settings,
            memory_limit=plan.memory_limit,
        )
        if (cpus := self.store.read().cpus.get(plan.service)) is not None:
            limits.bind(process, cpus, turn=len(self.records(plan.service)))
        alive = tuple(other for other in self.store.read().processes if self.find(other) is not None)
        self.store.change(starting=(), processes=(*alive, record))
        return process

    def await_ready(self, plan: Blueprint, process: psutil.Process, deadline: float) -> None:
        """Raises EnvironmentFailed when it ends, or is not ready by the deadline; it is ended then."""
        while not plan.ready():
            dead = not processes.runs(process)
            if dead or time.monotonic() > deadline:
                processes.end(processes.family(process), gently=None, seconds=0)
                what = "ended at once" if dead else "did not answer in time"
                said = postgres.last_words(self.layout.log(plan.service))
                raise EnvironmentFailed(f"{plan.service} did not come up ({what}): {said}")
            time.sleep(0.03)

    # --- stop, freeze

    def stop(self, *services: Service) -> None:
        """One after the other: ask its main processes to end, and end by force what is left."""
        for service in services:
            self._stop(service)

    def _stop(self, service: Service) -> None:
        gently, seconds = signal.SIGTERM, APP_STOP_SECONDS
        if service is not Service.APP:
            plan = blueprint(service, self.layout, self.store.read(), self.shop)
            gently, seconds = plan.gently, plan.stop_seconds
        main = [process for record in self.records(service) if (process := self.find(record)) is not None]
        everyone = self.processes(service)
        processes.send(everyone, signal.SIGCONT)
        processes.end(main, gently=gently, seconds=seconds)
        processes.end(everyone, gently=None, seconds=0)
        self.forget_dead()

    def restart(self, service: Service) -> None:
        self.stop(service)
        self.start((service,))

    def kill(self, service: Service) -> None:
        processes.end(self.processes(service), gently=None, seconds=0)
        self.forget_dead()

    def pause(self, service: Service) -> None:
        # The main process first: PostgreSQL's would otherwise start new children meanwhile.
        processes.pause(self.processes(service))
        processes.pause(self.processes(service))

    def resume(self, service: Service) -> None:
        processes.send(self.processes(service), signal.SIGCONT)

    def bind(self, service: Service) -> None:
        """Hold the running processes to the cores that the state gives to the service; all when it says nothing."""
        cpus = self.store.read().cpus.get(service)
        for turn, record in enumerate(self.records(service)):
            process = self.find(record)
            for member in processes.family(process) if process is not None else ():
                limits.bind(member, cpus, turn)

    def resources(self) -> Mapping[str, str]:
        """Limits of services that are no settings, as text."""
        return {f"{service}.cpus": str(cores) for service, cores in sorted(self.store.read().cpus.items())}

    def bring_resources_to(self, wanted: Mapping[str, str]) -> None:
        """Give every service the limits that `resources` told."""
        cpus = {name.removesuffix(".cpus"): int(cores) for name, cores in wanted.items()}
        touched = cpus.keys() | self.store.read().cpus.keys()
        self.store.change(cpus=cpus)
        for service in touched:
            self.bind(Service(service))

    def forget_dead(self) -> None:
        state = self.store.read()
        alive = tuple(record for record in state.processes if self.find(record) is not None)
        if alive != state.processes:
            self.store.change(processes=alive)

    # --- leftovers

    def end_everything(self) -> None:
        """End all that carries our marker, on record or not, whatever the state file says."""
        ours = [member for process in processes.marked(self.marker) for member in processes.family(process)]
        processes.end([*ours, *postgres.left_over(self.layout.database)], gently=None, seconds=0)
        shared_memory.release(self.layout.database)

    def sweep(self) -> tuple[int, ...]:
        """End what carries our marker and is not on record: a killed runner's leftovers. Returns their pids."""
        known = {
            member.pid
            for record in self.store.read().processes
            if (process := self.find(record)) is not None
            for member in processes.family(process)
        }
        stray = [process for process in processes.marked(self.marker) if process.pid not in known]
        if not self.records(Service.DATABASE):
            stray += [left for left in postgres.left_over(self.layout.database) if left.pid not in known]
        processes.end([member for process in stray for member in processes.family(process)], gently=None, seconds=0)
        if self.store.read().starting:
            self.store.change(starting=())
        return tuple(process.pid for process in stray)

    def _clear_database(self) -> None:
        processes.end(postgres.left_over(self.layout.database), gently=None, seconds=0)
        shared_memory.release(self.layout.database)
        postgres.forget_dead_postmaster(self.layout.database)
