"""Files that people write, read so that no file can hang, fill or end the process that reads it."""

from __future__ import annotations

import codecs
import contextlib
import os
import stat
from pathlib import Path

#: The largest file that is read, in bytes: a hundred times the largest included one.
MOST_BYTES = 4 * 1024 * 1024

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
#: The longer mark first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class UnreadableFile(Exception):
    """Why a file cannot be read, and what would be right; `line` is 0 when no line is at fault."""

    def __init__(self, wrong: str, right: str, line: int = 0) -> None:
        super().__init__(f"{wrong}; {right}")
        self.wrong = wrong
        self.right = right
        self.line = line


def read_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """All bytes of a regular file. Raises UnreadableFile for anything else, and for one of more than `most` bytes.

    Never waits: a named pipe or a device is refused before it is read, even if it replaces the file in between.
    """
    try:
        _check_kind(os.stat(path))  # noqa: PTH116 - of whatever opens, and before it opens: to open may have effects
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
            status = os.fstat(descriptor)
            _check_kind(status)
            # One byte more than allowed: a file may grow while it is read.
            read = file.read(most + 1)
    except FileNotFoundError:
        if path.is_symlink():
            raise UnreadableFile("is a link that leads nowhere", "correct or remove the link") from None
        raise UnreadableFile("there is no such file", "write it, or correct the name") from None
    except OSError as error:
        raise UnreadableFile(f"cannot be read ({error.strerror})", "correct its permissions or its path") from None
    except ValueError:  # a NUL in the path
        raise UnreadableFile("is not the name of a file", "correct the name") from None
    if len(read) > most:
        size = max(status.st_size, len(read))
        raise UnreadableFile(
            f"has {size:,} bytes; at most {most:,} are read", "split it, or take out what is not needed"
        )
    return read


def read_text(path: Path, most: int = MOST_BYTES) -> str:
    """The same as text: UTF-8, or what its byte order mark says; without that mark."""
    read = read_bytes(path, most)
    encoding = next((encoding for mark, encoding in _MARKS if read.startswith(mark)), "utf-8")
    try:
        return read.decode(encoding)
    except UnicodeDecodeError as error:
        line = read[: error.start].count(b"\n") + 1
        raise UnreadableFile("is not UTF-8 text", "save it as UTF-8", line) from None


def check_regular(path: Path) -> None:
    """Raises UnreadableFile for what is there and is no file: libraries that open a path themselves would wait."""
    with contextlib.suppress(OSError, ValueError):
        _check_kind(os.stat(path))  # noqa: PTH116


def _check_kind(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        raise UnreadableFile(f"is {kind}, not a file", "write a file of that name")
