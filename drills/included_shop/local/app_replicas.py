"""The app's replicas: all on one port, replaced without a gap, whatever state the old ones are in."""

from __future__ import annotations

import shutil
import signal
import time
import uuid
from collections.abc import Callable, Sequence

import psutil

from drills.included_shop.local import processes
from drills.included_shop.local.blueprints import Blueprint, replica, settings_digest
from drills.included_shop.local.service_control import ServiceControl
from drills.included_shop.names import Service
from drills.sandbox.state import ProcessRecord, make_folder

REPLACE_SECONDS = 15.0
DRAIN_SECONDS = 7.0


class AppReplicas:
    """Callers hold the change lock; the state's release, settings and count are what is aimed at."""

    def __init__(self, control: ServiceControl) -> None:
        self._control = control

    def adjust(self) -> None:
        """Add what is missing, drain what is too much (outdated ones first); leaves the others as they are."""
        wanted = self._control.store.read().replicas
        outdated = self.outdated()
        present = sorted(self._control.records(Service.APP), key=lambda record: record in outdated)
        if len(present) < wanted:
            self._add(wanted - len(present))
        elif len(present) > wanted:
            self._drain(present[wanted:])

    def replace(self, *, release: str | None = None, then: Callable[[], None] = lambda: None) -> None:
        """Start a full set of new replicas (of `release`, or the present one), note it (`then`), drain the old ones.

        Raises EnvironmentFailed when the new ones do not come up; then the old ones go on.
        """
        old = self._control.records(Service.APP)
        self._add(self._control.store.read().replicas, release=release)
        then()
        self._drain(old)

    def alive(self) -> int:
        """How many run, the frozen ones too."""
        return len(self._control.records(Service.APP))

    def outdated(self) -> list[ProcessRecord]:
        """Replicas of another release, or with other settings, than the state says."""
        state = self._control.store.read()
        digest = settings_digest(self._control.shop, Service.APP, state.settings)
        return [
            record
            for record in self._control.records(Service.APP)
            if record.release != state.release or record.settings != digest
        ]

    # --- one of them, by its number: 1 began first

    def stop_one(self, number: int) -> None:
        self._drain(self._numbered(number))

    def kill_one(self, number: int) -> None:
        processes.end(self._processes(number), gently=None, seconds=0)
        self._control.forget_dead()

    def pause_one(self, number: int) -> None:
        processes.pause(self._processes(number))

    def resume_one(self, number: int) -> None:
        processes.send(self._processes(number), signal.SIGCONT)

    def replace_one(self, number: int) -> None:
        """Start a new one, then drain that one; the new one has the last number."""
        old = self._numbered(number)
        self._add(1)
        self._drain(old)

    def _numbered(self, number: int) -> list[ProcessRecord]:
        """Empty when fewer run."""
        return self._control.records(Service.APP)[number - 1 : number]

    def _processes(self, number: int) -> list[psutil.Process]:
        return [found for record in self._numbered(number) if (found := self._control.find(record)) is not None]

    def clear_metrics(self) -> None:
        """Begin the counters anew; only while no replica runs."""
        shutil.rmtree(self._control.layout.metrics, ignore_errors=True)
        make_folder(self._control.layout.metrics)

    def _add(self, count: int, *, release: str | None = None) -> None:
        state = self._control.store.read()
        version = release or state.release
        deadline = time.monotonic() + REPLACE_SECONDS
        begun: list[tuple[Blueprint, psutil.Process]] = []
        try:
            for _ in range(count):
                ready_file = self._control.layout.run / f"ready-{uuid.uuid4().hex[:12]}"
                plan = replica(self._control.layout, state, self._control.shop, release=version, ready_file=ready_file)
                beside = bool(self._control.records(Service.APP))
                begun.append((plan, self._control.begin(plan, release=version, beside=beside)))
            for plan, process in begun:
                self._control.await_ready(plan, process, deadline)
        except BaseException:  # A Ctrl-C too: the old ones alone are to go on.
            processes.end([process for _plan, process in begun], gently=None, seconds=0)
            self._control.forget_dead()
            raise
        finally:
            for ready_file in self._control.layout.run.glob("ready-*"):
                ready_file.unlink(missing_ok=True)

    def _drain(self, records: Sequence[ProcessRecord]) -> None:
        going = [process for record in records if (process := self._control.find(record)) is not None]
        processes.end(going, gently=signal.SIGTERM, seconds=DRAIN_SECONDS)
        self._control.forget_dead()
