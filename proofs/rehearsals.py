"""Rehearse every runbook on a sandbox that is well: does each of its steps that change nothing still run?

python -m proofs.rehearsals [--driver compose] [--only SCENARIO]
"""

from __future__ import annotations

import subprocess
import sys

from proofs.each_runbook import prove_each
from proofs.workbench import Workbench, differences


def rehearse(bench: Workbench, scenario: str) -> list[str]:
    """What failed, one line each."""
    before = bench.state()
    try:
        done = bench.run("run", scenario, "--rehearse")
    except subprocess.TimeoutExpired as error:
        return [f"it did not end within {error.timeout:g} s"]
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
    if done.returncode != 0 and not failed:
        failed = [f"exit {done.returncode}: {(done.stderr.strip() or 'without a word').splitlines()[-1]}"]
    return [*failed, *(f"state: {line}" for line in differences(before, bench.state()))]


if __name__ == "__main__":
    sys.exit(prove_each(__doc__, rehearse, "rehearsals"))
