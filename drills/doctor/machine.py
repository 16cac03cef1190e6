"""What this machine must have, whatever the sandbox."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil

from drills.doctor.check import Check
from drills.private_files import private_folder

#: Bytes that a sandbox with a drill's traffic was measured to use, with a margin.
MEMORY_NEEDED = 1_500_000_000
DISK_NEEDED = 1_000_000_000


def check_machine(home: Path, state_dir: Path) -> tuple[Check, ...]:
    """`home` is the workspace's folder."""
    return (_python(), _memory(), _disk(home), _writable(state_dir), _ports(), _clock())


def _python() -> Check:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Check("Python", sys.version_info[:2] >= (3, 11), version, "install Python 3.11 or newer")


def _memory() -> Check:
    free = psutil.virtual_memory().available
    return Check("memory", free >= MEMORY_NEEDED, f"{free / 1e9:.1f} GB available", "free some: drills need 1.5 GB")


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    return Check("disk", free >= DISK_NEEDED, f"{free / 1e9:.1f} GB free here", "free some: drills need 1 GB")


def _writable(folder: Path) -> Check:
    fix = f"make {folder} writable for this user"
    try:
        private_folder(folder)
        probe = folder / f".doctor-{os.getpid()}"
        probe.write_text("", encoding="utf-8")
        probe.unlink()
    except OSError as error:
        return Check("state folder", False, f"{folder}: {error.strerror}", fix)
    return Check("state folder", True, str(folder))


def _ports() -> Check:
    try:
        with socket.create_server(("127.0.0.1", 0)):
            return Check("loopback ports", True, "can be opened")
    except OSError as error:
        return Check("loopback ports", False, error.strerror or str(error), "allow listening on 127.0.0.1")


def _clock() -> Check:
    """Two clocks that run apart by more than a tenth would spoil no duration, but every time that people compare."""
    wall, steady = datetime.now(UTC), time.monotonic()
    time.sleep(0.05)
    gone, passed = (datetime.now(UTC) - wall).total_seconds(), time.monotonic() - steady
    ok = abs(gone - passed) < 0.1 * max(passed, 0.05) + 0.02
    return Check("clock", ok, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC", "the wall clock jumps: check NTP")
