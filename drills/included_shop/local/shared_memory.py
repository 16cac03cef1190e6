"""The shared memory that a killed PostgreSQL leaves behind, which nobody else ever frees unless it is started again.

    data/postmaster.pid ──► the segment (System V) ──► /dev/shm/PostgreSQL.N, the table of ──► /dev/shm/PostgreSQL.M …

The layouts are PostgreSQL's: `PGShmemHeader` (storage/pg_shmem.h) and `dsm_control_header` (storage/ipc/dsm.c). What
does not have that form, or belongs to another program, stays.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_SEGMENTS = Path("/proc/sysvipc/shm")
_FOLDER = Path("/dev/shm")
#: magic, creator's pid, two sizes, the table's number, padding and a pointer, the data folder's device and inode.
_HEADER = struct.Struct("=iiQQI4xQQQ")
_HEADER_MAGIC = 679834894
#: magic, how many entries are in use, how many there may be; then the entries, each with its number and a use count.
_TABLE = struct.Struct("=III")
_TABLE_MAGIC = 0x9A503D32
_TABLE_START = 16
_ENTRY = struct.Struct("=II32x")
_READ_ONLY = 0o10000
_REMOVE = 0


@dataclass(frozen=True, slots=True)
class _Segment:
    """A line of /proc/sysvipc/shm."""

    id: int
    size: int
    creator: int
    attached: int
    owner: int


def release(data: Path) -> tuple[str, ...]:
    """Free what the dead PostgreSQL of this data folder left behind; returns its names. One that runs keeps all."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        creator, number = int(lines[0]), int(lines[6].split()[1])
        folder = data.stat()
    except (OSError, ValueError, IndexError):
        return ()
    for segment in _segments():
        if segment.id != number or segment.creator != creator or segment.attached or segment.size != _HEADER.size:
            continue
        magic, pid, _, _, table, _, device, inode = _HEADER.unpack(_content(segment) or bytes(_HEADER.size))
        if (magic, pid, device, inode) != (_HEADER_MAGIC, creator, folder.st_dev, folder.st_ino):
            continue
        freed = [name for name in (*_entries(table), table) if _unlink(name, segment.owner)]
        _libc().shmctl(segment.id, _REMOVE, None)
        return (f"segment {segment.id}", *(str(_path(name)) for name in freed))
    return ()


def _segments() -> Iterator[_Segment]:
    with suppress(OSError):
        for line in _SEGMENTS.read_text(encoding="ascii").splitlines()[1:]:
            _, number, _, size, creator, _, attached, owner, *_ = map(int, line.split())
            yield _Segment(number, size, creator, attached, owner)


def _content(segment: _Segment) -> bytes | None:
    libc = _libc()
    address = libc.shmat(segment.id, None, _READ_ONLY)
    if address in (None, ctypes.c_void_p(-1).value):
        return None
    try:
        return ctypes.string_at(address, segment.size)
    finally:
        libc.shmdt(ctypes.c_void_p(address))


def _entries(table: int) -> list[int]:
    """The numbers in the table that have a file of their own."""
    try:
        content = _path(table).read_bytes()
        magic, used, most = _TABLE.unpack_from(content)
        if magic != _TABLE_MAGIC or used > most:
            return []
        offsets = range(_TABLE_START, _TABLE_START + used * _ENTRY.size, _ENTRY.size)
        entries = [_ENTRY.unpack_from(content, place) for place in offsets]
    except (OSError, struct.error):
        return []
    return [number for number, count in entries if count]


def _unlink(number: int, owner: int) -> bool:
    path = _path(number)
    with suppress(OSError):
        if path.stat().st_uid == owner:
            path.unlink()
            return True
    return False


def _path(number: int) -> Path:
    return _FOLDER / f"PostgreSQL.{number}"


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
    return libc
