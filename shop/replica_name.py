"""What tells a replica from the others that share its metrics folder, and whether another one still lives.

On one machine that is the process id. Replicas in containers all have the same one: they are told apart by
SHOP_REPLICA (`hostname` there stands for the container's own name), and show that they live by a file that they touch.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

#: A replica that has not touched its file for so long is taken for dead.
SILENT_SECONDS = 3.0
BEAT_SECONDS = 0.5


def replica_name() -> str:
    """Without underscores, which part the names of metrics files."""
    given = os.environ.get("SHOP_REPLICA", "")
    name = socket.gethostname() if given == "hostname" else given
    return name.replace("_", "-").replace("/", "-") or str(os.getpid())


def beats() -> bool:
    """Whether replicas show that they live by a heartbeat."""
    return bool(os.environ.get("SHOP_REPLICA"))


def beat(folder: Path, name: str) -> Callable[[], None]:
    """Begin to touch this replica's file, in a thread of its own: a busy replica is a living one. Returns how to end.

    A replica that ends by itself is forgotten at once: its file goes with it.
    """
    file, ended = folder / f"heartbeat_{name}", threading.Event()

    def go_on() -> None:
        while folder.is_dir():
            file.touch()
            if ended.wait(BEAT_SECONDS):
                file.unlink(missing_ok=True)
                return

    beating = threading.Thread(target=go_on, name="heartbeat", daemon=True)
    beating.start()

    def end() -> None:
        ended.set()
        beating.join()

    return end


def lives(folder: Path, name: str, *, now: float) -> bool:
    """Whether the replica of that name lives; `now` is in seconds of the file system's clock (`time.time`)."""
    if not beats():
        return Path(f"/proc/{name}").exists()
    try:
        return now - (folder / f"heartbeat_{name}").stat().st_mtime < SILENT_SECONDS
    except FileNotFoundError:
        return False
