"""Files that only their owner may read: a workspace's state holds headers, settings and journals of undos."""

from __future__ import annotations

import os
from pathlib import Path

#: A workspace's state folder: closing it closes all that lies in it.
STATE_FOLDER = ".drills"


def private_folder(folder: Path) -> None:
    """Make it, if it is not there, and close the state folder that it is or lies in. Raises OSError.

    Folders within keep their modes: containers that have one of them mounted run as other users.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for parent in (folder, *folder.parents):
        if parent.name == STATE_FOLDER:
            _close(parent, 0o700)


def private_file(path: Path) -> None:
    """Make it, if it is not there, and let nobody else read or write it. Raises OSError when it cannot be made."""
    os.close(os.open(path, os.O_CREAT | os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC, 0o600))
    _close(path, 0o600)


def close_file(path: Path) -> None:
    """Let nobody else read or write it, if it is there."""
    _close(path, 0o600)


def _close(path: Path, mode: int) -> None:
    """One that belongs to another user is that user's to close."""
    try:
        present = path.stat().st_mode & 0o777
        if present & ~mode:
            path.chmod(present & mode)
    except OSError:
        return
