"""Rehearse every runbook on a sandbox that is well: does each of its steps that change nothing still run?

python -m proofs.rehearsals [--driver compose] [--only SCENARIO]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from proofs.workbench import ROOT, NotStarted, Workbench, differences, workbench


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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", choices=("local", "compose"), default="local")
    parser.add_argument("--only", action="append", help="a scenario; may be given again")
    arguments = parser.parse_args()
    scenarios = sorted(folder.parent.name for folder in (ROOT / "scenarios").glob("*/runbook.md"))
    began, wrong = time.monotonic(), 0
    try:
        with workbench(arguments.driver) as bench:
            for scenario in arguments.only or scenarios:
                failed = rehearse(bench, scenario)
                wrong += bool(failed)
                print("\n".join([f"{'FAIL' if failed else 'ok  '} {scenario}", *(f"       {line}" for line in failed)]))
    except NotStarted as error:
        print(f"FAIL {error}", file=sys.stderr)
        return 1
    print(f"\n{len(arguments.only or scenarios)} rehearsals in {time.monotonic() - began:.0f} s, {wrong} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
