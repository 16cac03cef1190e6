"""Which sandbox means to use a port, also while nothing listens on it: one small file for each port, of each user.

That a port is free at a moment does not make it one's own: another sandbox may have chosen it and not begun to listen,
or have a service down for a while.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from drills.sandbox.plain_state import read_plain

#: So long a sandbox may take from choosing its ports to noting them in its state.
_CHOOSING_SECONDS = 60.0


def claim(port: int, state: Path) -> bool:
    """Whether the port is from now on that of the sandbox with this state file; False when it is another's.

    Where claims cannot be written, every port is anybody's.
    """
    folder = Path(tempfile.gettempdir()) / f"drills-ports-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            file = folder / str(port)
            if _is_meant(file, port, by_another_than=state):
                return False
            file.write_text(str(state), encoding="utf-8")
    except OSError:
        return True
    return True


def _is_meant(claimed: Path, port: int, *, by_another_than: Path) -> bool:
    with suppress(FileNotFoundError):
        holder = Path(claimed.read_text(encoding="utf-8"))
        recent = time.time() - claimed.stat().st_mtime < _CHOOSING_SECONDS
        return holder != by_another_than and (recent or _uses(holder, port))
    return False


def _uses(state: Path, port: int) -> bool:
    """Whether the sandbox with this state file is up on that port."""
    kept = read_plain(state)
    ports = kept.get("ports")
    return kept.get("active") is True and isinstance(ports, dict) and port in ports.values()
