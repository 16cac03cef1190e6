"""Something to be proved of every runbook, on one sandbox, scenario by scenario."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from proofs.workbench import ROOT, Workbench, workbench


def prove_each(about: str | None, prove: Callable[[Workbench, str], list[str]], what: str) -> int:
    """Read the command line, prove it of each scenario that has a runbook, and tell; the exit status.

    `prove` returns what is wrong, one line each. `about` is the program's own docstring, `what` counts scenarios.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", choices=("local", "compose"), default="local")
    parser.add_argument("--only", action="append", help="a scenario; may be given again")
    arguments = parser.parse_args()
    scenarios = arguments.only or sorted(file.parent.name for file in (ROOT / "scenarios").glob("*/runbook.md"))
    began, failed = time.monotonic(), 0
    try:
        with workbench(arguments.driver) as bench:
            for scenario in scenarios:
                wrong = prove(bench, scenario)
                failed += bool(wrong)
                print("\n".join([f"{'FAIL' if wrong else 'ok  '} {scenario}", *(f"       {line}" for line in wrong)]))
    except RuntimeError as error:
        print(f"FAIL {error}", file=sys.stderr)
        return 1
    print(f"\n{len(scenarios)} {what} in {time.monotonic() - began:.0f} s, {failed} failed")
    return 1 if failed else 0
