"""The disk of the database: a tmpfs of a fixed size, so that it can run full as a real one does.

    FOLDER          mounted here while the sandbox is up; its source names the sandbox: drills-MARKER
    FOLDER/data     PostgreSQL's data
    FOLDER/dumps    what somebody dumped and forgot

Where mounting is not allowed the same folders lie on the machine's own disk, without a bound.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from drills.errors import BadInput, EnvironmentFailed
from drills.nearest import suggest
from drills.sandbox.capabilities.disk import DiskUsage

#: The seeded database takes 100 MB, and WAL at most 128 MB more while nothing holds it back.
SIZE_BYTES = 640 * 2**20
#: With this much free space a database starts, and can be repaired.
_ENOUGH_BYTES = 64 * 2**20
_CAP_SYS_ADMIN = 21
_UNMOUNT_SECONDS = 3.0


def refusal() -> str | None:
    """Why this process cannot mount a disk, in a few words; None when it can."""
    if not sys.platform.startswith("linux"):
        return "a disk of a fixed size needs Linux"
    if os.geteuid() != 0:
        return "a disk of a fixed size can be mounted by root only"
    if shutil.which("mount") is None or shutil.which("umount") is None:
        return "a disk of a fixed size needs the programs mount and umount"
    with contextlib.suppress(OSError, ValueError, IndexError):
        status = Path("/proc/self/status").read_text(encoding="ascii")
        effective = int(status.split("CapEff:", 1)[1].split(None, 1)[0], 16)
        if not effective >> _CAP_SYS_ADMIN & 1:
            return "a disk of a fixed size cannot be mounted in this container (CAP_SYS_ADMIN is missing)"
    return None


class DatabaseDisk:
    """The disk of one sandbox at `folder`, a path that is its own."""

    def __init__(self, folder: Path, marker: str) -> None:
        self.folder = folder
        self._source = f"drills-{marker}"

    def refusal(self, *, wanted: bool) -> str | None:
        """Why there is no disk of a fixed size, in a few words; `wanted`: it ought to be mounted now."""
        if wanted and not self.mounted:
            return refusal() or "the system refused to mount a disk of a fixed size"
        return None if wanted else refusal()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def dumps(self) -> Path:
        return self.folder / "dumps"

    @property
    def mounted(self) -> bool:
        return self._mounts().get(self.folder.resolve()) == ("tmpfs", self._source)

    def provide(self, owner: tuple[int, int] | None) -> None:
        """An empty disk, mounted where that is allowed; whatever was on the former one is gone.

        PostgreSQL runs as `owner` (None: as ourselves), and may write on it.
        Raises EnvironmentFailed when the folder cannot be made, or is not ours.
        """
        self.release()
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            self.folder.mkdir(mode=0o700)  # Fails when there is anything: nothing is hidden by the mount.
            if refusal() is None:
                options = f"size={SIZE_BYTES},mode=0700,nosuid,nodev,noexec"
                _run("mount", "-t", "tmpfs", "-o", options, self._source, str(self.folder))
            self.dumps.mkdir(mode=0o700)
            if owner is not None:
                os.chown(self.folder, *owner)
                os.chown(self.dumps, *owner)
        except OSError as error:
            raise EnvironmentFailed(
                f"{self.folder}: the database's disk cannot be made: {error.strerror or error}"
            ) from error

    def release(self) -> None:
        """Unmount it, a crashed run's too, and remove its folder. Raises EnvironmentFailed when it is not ours."""
        deadline = time.monotonic() + _UNMOUNT_SECONDS
        while self.mounted:
            if _run("umount", str(self.folder)):
                continue
            if time.monotonic() > deadline:  # Somebody's shell stands in it; it goes when they leave.
                _run("umount", "--lazy", str(self.folder))
                break
            time.sleep(0.05)
        here = self.folder.resolve()
        if foreign := [mount for mount in self._mounts() if mount == here or here in mount.parents]:
            raise EnvironmentFailed(f"{foreign[0]}: something else is mounted there; unmount it first")
        try:
            if self.folder.exists():
                shutil.rmtree(self.folder)
        except OSError as error:
            raise EnvironmentFailed(f"{self.folder}: cannot be removed: {error.strerror}") from error

    def usage(self) -> DiskUsage:
        """What lies on it. Raises EnvironmentFailed when it is not mounted."""
        if not self.mounted:
            raise EnvironmentFailed("the database's disk is not mounted: " + (refusal() or "the sandbox is down"))
        about = os.statvfs(self.folder)
        entries = {path.name: _size(path) for path in _inside(self.data)}
        return DiskUsage(
            total=about.f_blocks * about.f_frsize,
            used=(about.f_blocks - about.f_bfree) * about.f_frsize,
            free=about.f_bavail * about.f_frsize,
            entries={name: size for name, size in entries.items() if size} | self.dumped(),
            dumps=str(self.dumps),
        )

    def dumped(self) -> dict[str, int]:
        """The files in dumps/ with their sizes, whether the disk is bounded or not."""
        return {f"dumps/{path.name}": _size(path) for path in _inside(self.dumps)}

    def remove(self, name: str) -> int:
        """Delete one file of dumps/; the bytes that came free, 0 when it is gone already. Raises BadInput."""
        folder, _, file = name.partition("/")
        if folder != "dumps" or not file or "/" in file or file in {".", ".."}:
            known = ", ".join(self.dumped()) or "there are none now"
            raise BadInput(f"only files of dumps/ are removed ({known}), not {name!r}")
        path = self.dumps / file
        try:
            if path.is_dir() and not path.is_symlink():
                raise BadInput(f"{name} is a folder; {suggest(name, self.dumped())}")
            size = _size(path)
            path.unlink(missing_ok=True)
        except OSError as error:
            raise EnvironmentFailed(f"{path}: cannot be deleted: {error.strerror}") from error
        return size

    @contextlib.contextmanager
    def room_to_recover(self) -> Iterator[None]:
        """More room meanwhile, if it is full: PostgreSQL cannot start without any, whatever filled the disk."""
        about = os.statvfs(self.folder) if self.mounted else None
        full = about is not None and about.f_bavail * about.f_frsize < _ENOUGH_BYTES
        if full:
            self._resize(SIZE_BYTES + 4 * _ENOUGH_BYTES)
        try:
            yield
        finally:
            if full:
                self._resize(SIZE_BYTES)

    def _resize(self, size: int) -> None:
        _run("mount", "-o", f"remount,size={size}", str(self.folder))

    def _mounts(self) -> Mapping[Path, tuple[str, str]]:
        """What is mounted: type and source by mount point, of several mounts the uppermost."""
        found = {}
        with contextlib.suppress(OSError):
            for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines():
                before, _, after = line.partition(" - ")
                kind, source = after.split(" ")[:2]
                found[Path(_unescaped(before.split(" ")[4]))] = (kind, source)
        return found


def _run(*command: str) -> bool:
    """Whether the program did it."""
    return subprocess.run(command, capture_output=True, timeout=30).returncode == 0


def _inside(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return sorted(folder.iterdir())
    return []


def _size(path: Path) -> int:
    """The bytes that it takes on the disk; what vanishes meanwhile counts nothing."""
    total = 0
    with contextlib.suppress(OSError):
        total = path.lstat().st_blocks * 512
    if path.is_dir() and not path.is_symlink():
        for root, _folders, files in os.walk(path):
            for name in files:
                with contextlib.suppress(OSError):
                    total += os.lstat(f"{root}/{name}").st_blocks * 512
    return total


def _unescaped(path: str) -> str:
    """A path of mountinfo, in which blanks, tabs, newlines and backslashes stand as octal numbers."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        path = path.replace(code, character)
    return path
