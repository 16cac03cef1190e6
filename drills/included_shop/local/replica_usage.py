"""What a service's processes use."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Hashable
from pathlib import Path

import psutil

from drills.processes.start import began_then
from drills.sandbox.service_usage import Found, Replica
from drills.sandbox.state import ProcessRecord, SandboxState

#: What a service writes that ends itself at its memory limit: where there are no containers, nobody else ends it.
_OUT_OF_MEMORY = b'"message":"out of memory"'


class ProcessUsage:
    """See `drills.sandbox.service_usage.ReplicaUsage`.

    Remembers the processes that it has seen, and how far the service's log was read.
    """

    def __init__(self, service: str, log: Path) -> None:
        self._service = service
        self._log = log
        self._known: dict[tuple[int, float], psutil.Process] = {}
        self._read = -1
        self._ends = 0

    def find(self, state: SandboxState, timeout: float) -> Found:  # noqa: ARG002 - it waits for nobody
        wanted = {(record.pid, record.create_time): record for record in state.processes}
        own = {key: record for key, record in wanted.items() if record.service == self._service}
        self._known = {key: found for key, record in own.items() if (found := self._alive(key, record)) is not None}
        cores = state.cpus.get(self._service)
        replicas = []
        for key, process in self._known.items():
            with contextlib.suppress(psutil.Error):  # it ended a moment ago: the next check will say so
                times = process.cpu_times()
                replicas.append(
                    Replica(
                        key=key,
                        memory_bytes=process.memory_info().rss,
                        memory_limit=own[key].memory_limit,
                        cpu_seconds=times.user + times.system,
                        cpu_limit=None if cores is None else float(cores),
                    )
                )
        return Found(tuple(replicas), self._out_of_memory())

    def disk(self, state: SandboxState) -> tuple[int, int] | None:
        """Of the disk that was mounted for the service; of the machine's where none could be."""
        with contextlib.suppress(OSError, KeyError):
            return _used_of(state.disks[self._service].path)
        return None

    def _alive(self, key: tuple[int, float], record: ProcessRecord) -> psutil.Process | None:
        if (known := self._known.get(key)) is not None and known.is_running():
            return known if known.status() != psutil.STATUS_ZOMBIE else None
        try:
            process = psutil.Process(record.pid)
            same = began_then(process, ticks=record.start_ticks, create_time=record.create_time)
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None

    def _out_of_memory(self) -> frozenset[Hashable]:
        """The ends that were written into the log since the first check, by number."""
        with contextlib.suppress(OSError), self._log.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            if self._read >= 0:
                log.seek(self._read if self._read <= size else 0)  # a shorter log was begun anew
                self._ends += log.read().count(_OUT_OF_MEMORY)
            self._read = size
        self._read = max(self._read, 0)
        return frozenset(range(self._ends))


def _used_of(folder: str) -> tuple[int, int]:
    """Bytes used, and in all, of the file system there. Raises OSError."""
    about = os.statvfs(folder)
    return (about.f_blocks - about.f_bfree) * about.f_frsize, about.f_blocks * about.f_frsize
