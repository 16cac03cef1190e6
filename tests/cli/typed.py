"""The real command as somebody types it, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def drills(*words: str, folder: Path, limit: int | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it in that folder; `limit` is how many bytes a file may have, as on a disk that is full."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DRILLS_")}
    limited = ["prlimit", f"--fsize={limit}"] if limit is not None else []
    return subprocess.run(
        [*limited, sys.executable, "-m", "drills", *words],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """The only line of an error."""
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr.strip()
