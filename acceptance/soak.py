"""Run each drill several times with its own runbook: is the verdict always the same?

    python -m acceptance.soak [--driver compose] [--times 3] [--only SCENARIO] [--jobs 2]

A scenario whose verdicts differ is reported; run it ten times (`--only NAME --times 10`) until the reason is found.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict

from acceptance.ending import run_in_order
from acceptance.matrix import Matrix
from acceptance.matrix_cells import read_cells
from acceptance.outcome import Outcome
from drills.model.durations import humane


def verdict(outcome: Outcome) -> tuple[object, ...]:
    """What must be the same each time; times may differ."""
    return (
        outcome.result,
        outcome.recovery,
        outcome.detected_after is not None,
        outcome.mitigated_after is not None,
        outcome.wrong,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", choices=("local", "compose"), default="local")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--only", action="append", help="a scenario; may be given again")
    parser.add_argument("--jobs", type=int, default=1, help="sandboxes side by side; more than one needs more cores")
    arguments = parser.parse_args()
    own = [c for c in read_cells() if c.kind == "own" and (not arguments.only or c.scenario in arguments.only)]
    began = time.monotonic()
    matrix = Matrix(arguments.driver, own * arguments.times)
    matrix.run(arguments.jobs, kept=False)
    found: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in matrix.done:
        found[outcome.scenario].append(outcome)
    unsettled = 0
    for scenario, outcomes in found.items():
        verdicts = {verdict(outcome) for outcome in outcomes}
        times = sorted(outcome.mitigated_after or 0.0 for outcome in outcomes)
        same = len(verdicts) == 1 and not outcomes[0].wrong
        unsettled += not same
        result = f"mitigated after {humane(times[0])} to {humane(times[-1])}" if same else f"DIFFERS: {verdicts}"
        print(f"{'ok  ' if same else 'FAIL'} {scenario:<22} {len(outcomes)} times  {result}")
    print(f"\n{len(matrix.done)} drills in {time.monotonic() - began:.0f} s, {unsettled} scenarios differ")
    return 1 if unsettled or matrix.failures else 0


if __name__ == "__main__":
    sys.exit(run_in_order(main))
