"""Starts the programs of faults that outlive the runner: waits until they have started, and lets an undo find them.

    launch ──► python -m drills.background ──► a child in the background says "ready" ──► launch returns

A program is found by its mark, an environment variable with a random value; the undo plan holds it too
(`drills.processes.leftovers` ends every process that has it).
"""

from __future__ import annotations

import os
import subprocess
import sys

from drills.background.job import Job, job_text
from drills.errors import EnvironmentFailed
from drills.processes.mark import MARK

_START_TIMEOUT = 40.0


def launch(job: Job, mark: str, *, what: str) -> None:
    """Start the program and wait until it is ready. Raises EnvironmentFailed with the program's reason if it fails."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "drills.background"], env={**os.environ, MARK: mark}, input=job_text(job),
            capture_output=True, text=True, timeout=_START_TIMEOUT, start_new_session=True, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise EnvironmentFailed(f"{what}: the program did not start within {_START_TIMEOUT:.0f} s") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise EnvironmentFailed(f"{what}: {last}")
