"""Checks every runbook on one sandbox, scenario by scenario."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from acceptance.harness import ROOT, Harness, open_harness


def check_each(about: str | None, check: Callable[[Harness, str], list[str]], what: str) -> int:
    """Read the command line, check each scenario that has a runbook, and print the results; returns the exit status.

    `check` returns what is wrong, one line each. `about` is the program's own docstring, `what` counts scenarios.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", choices=("local", "compose"), default="local")
    parser.add_argument("--only", action="append", help="a scenario; may be given again")
    arguments = parser.parse_args()
    scenarios = arguments.only or sorted(file.parent.name for file in (ROOT / "scenarios").glob("*/runbook.md"))
    began, failed = time.monotonic(), 0
    try:
        with open_harness(arguments.driver) as harness:
            for scenario in scenarios:
                wrong = check(harness, scenario)
                failed += bool(wrong)
                print("\n".join([f"{'FAIL' if wrong else 'ok  '} {scenario}", *(f"       {line}" for line in wrong)]))
    except RuntimeError as error:
        print(f"FAIL {error}", file=sys.stderr)
        return 1
    print(f"\n{len(scenarios)} {what} in {time.monotonic() - began:.0f} s, {failed} failed")
    return 1 if failed else 0
