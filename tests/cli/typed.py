"""The real command as somebody types it, in a process of its own or, which is quicker, within this one."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from drills.cli.main import main

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


def drills_here(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run it in that folder, without a process of its own: for what ends before anything is started."""
    output, errors, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(output), redirect_stderr(errors):
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["drills", *words])
        patch.setenv("NO_COLOR", "1")
        for name in [name for name in os.environ if name.startswith("DRILLS_")]:
            patch.delenv(name)
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    return subprocess.CompletedProcess(words, code, output.getvalue(), errors.getvalue())


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """The only line of an error."""
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr.strip()
