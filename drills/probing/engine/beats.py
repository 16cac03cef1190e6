"""Beats: when jobs last reported (`drills heartbeat`), in one small file for each name.

Light on purpose: a job calls it at its end (`drills heartbeat NAME`), and must not wait.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path

from drills.errors import BadInput, EnvironmentFailed
from drills.file_replacement import replace_file
from drills.private_files import private_folder
from drills.text_files import UnreadableFile, read_bytes

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")

#: Bytes of a beat: a moment and a line feed.
_LONGEST = 100


def beat(folder: Path, name: str, *, at: datetime | None = None) -> datetime:
    """Note that `name` has reported, now or `at`; returns when. The file is replaced in one step.

    Raises BadInput for a name that is none, EnvironmentFailed when it cannot be written.
    """
    path = _file(folder, name)
    moment = at or datetime.now(UTC)
    try:
        private_folder(folder)
        replace_file(path, f"{moment.astimezone(UTC).isoformat()}\n")
    except OSError as error:
        raise EnvironmentFailed(f"{path}: cannot be written: {error.strerror or error}") from error
    return moment


def last_beat(folder: Path, name: str) -> datetime | None:
    """When `name` last reported; None when it never did.

    Raises BadInput for a name that is none, EnvironmentFailed for a file that cannot be read or holds no time.
    """
    path = _file(folder, name)
    try:
        moment = datetime.fromisoformat(read_bytes(path, _LONGEST).decode().strip())
    except UnreadableFile as error:
        if not os.path.lexists(path):
            return None
        raise EnvironmentFailed(f"{path}: {error.wrong}; delete it, and the next beat writes it again") from None
    except ValueError:
        raise EnvironmentFailed(f"{path}: contains no time; delete it, and the next beat writes it again") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _file(folder: Path, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise BadInput(f"{name!r} is not a name of a heartbeat; write small letters, digits and hyphens")
    return folder / name
