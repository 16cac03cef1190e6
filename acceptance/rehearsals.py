"""Rehearse every runbook on a healthy sandbox: does each of its read-only steps still run?

python -m acceptance.rehearsals [--driver compose] [--only SCENARIO]
"""

from __future__ import annotations

import subprocess
import sys

from acceptance.each_runbook import check_each
from acceptance.ending import run_in_order
from acceptance.harness import Harness, differences


def rehearse(harness: Harness, scenario: str) -> list[str]:
    """What failed, one line each."""
    before = harness.state()
    try:
        done = harness.run("run", scenario, "--rehearse")
    except subprocess.TimeoutExpired as error:
        return [f"it did not end within {error.timeout:g} s"]
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
    if done.returncode != 0 and not failed:
        failed = [f"exit {done.returncode}: {(done.stderr.strip() or 'no output').splitlines()[-1]}"]
    return [*failed, *(f"state: {line}" for line in differences(before, harness.state()))]


if __name__ == "__main__":
    sys.exit(run_in_order(lambda: check_each(__doc__, rehearse, "rehearsals")))
