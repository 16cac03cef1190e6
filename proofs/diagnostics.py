"""Every look of a runbook during its own failure, with nobody mending it: does it run, and does it tell something?

    python -m proofs.diagnostics [--driver compose] [--only SCENARIO]

A drill leaves the optional steps out and a rehearsal executes them where nothing is wrong; here all that change nothing
are executed from the alert on. What they print is kept in build/diagnostics/SCENARIO.txt, to be read. A look fails that
cannot run or prints nothing; a check of what comes after the remedy (its output or status is expected otherwise) is
told as such.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

from drills.clock import SystemClock
from drills.core.durations import humane
from drills.core.events import AlertFired
from drills.responders.runbook import StepResult, Surroundings, execute, rehearsable
from drills.responders.runbook_file import Block, parse_runbook
from drills.store.store import Store
from proofs.workbench import ROOT, NotStarted, Workbench, workbench

KEPT = ROOT / "build/diagnostics"
_ALERT_SECONDS = 90.0
_END_SECONDS = 120.0


@contextlib.contextmanager
def failing(bench: Workbench, scenario: str) -> Iterator[bool]:
    """The drill with nobody responding, from its first alert (False: there was none); undone at the end."""
    log = bench.folder / "failing.log"
    with contextlib.closing(Store.open(bench.store, clock=SystemClock())) as store:
        known = len(store.drills())
        runner = bench.start("run", scenario, "--responder", "none", log=log)
        try:
            deadline = time.monotonic() + _ALERT_SECONDS
            alerted = False
            while not alerted and runner.poll() is None and time.monotonic() < deadline:
                time.sleep(0.2)
                records = store.drills()[known:]
                alerted = any(isinstance(e, AlertFired) for r in records for e in store.events(r.drill_id))
            yield alerted
        finally:
            if runner.poll() is None:
                runner.send_signal(signal.SIGINT)
            try:
                runner.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                runner.kill()
                raise RuntimeError(f"{scenario} did not end within {_END_SECONDS:g} s of Ctrl-C") from None


def look(bench: Workbench, block: Block) -> StepResult | None:
    """One block as a drill would execute it, whatever was decided before."""
    surroundings = Surroundings(folder=bench.folder, environment=bench.environment)
    choice = block.attributes.when
    result = asyncio.run(execute([block], surroundings, clock=SystemClock(), on_step=lambda _: None, choice=choice))
    return result.steps[0] if result.steps else None


def diagnose(bench: Workbench, scenario: str) -> list[str]:
    """Execute a runbook's looks during its failure and keep what they print; returns what failed, one line each."""
    file = ROOT / "scenarios" / scenario / "runbook.md"
    wrong, told, mended = [], [f"# {scenario}"], False
    with failing(bench, scenario) as alerted:
        if not alerted:
            wrong.append("no alert")
        for block in parse_runbook(file.read_text(encoding="utf-8")).blocks if alerted else ():
            if not rehearsable([block]):
                mended = mended or not (block.attributes.decision or block.attributes.optional)
                continue
            step = look(bench, block)
            if step is None:
                continue
            after = mended and not block.attributes.optional
            mark = " (optional)" if block.attributes.optional else " (expects the remedy)" if after else ""
            verdict = "ok" if step.ok else step.reason
            told.append(f"\n## {block.name}{mark}: {verdict}, {humane(step.seconds)}\n{step.output.rstrip()}")
            if not step.ok and not after:
                wrong.append(f"{block.name}: {step.reason}")
            elif not step.output.strip():
                wrong.append(f"{block.name}: it printed nothing")
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"{scenario}.txt").write_text("\n".join(told) + "\n", encoding="utf-8")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", choices=("local", "compose"), default="local")
    parser.add_argument("--only", action="append", help="a scenario; may be given again")
    arguments = parser.parse_args()
    scenarios = sorted(folder.parent.name for folder in (ROOT / "scenarios").glob("*/runbook.md"))
    began, failed = time.monotonic(), 0
    try:
        with workbench(arguments.driver) as bench:
            for scenario in arguments.only or scenarios:
                wrong = diagnose(bench, scenario)
                failed += bool(wrong)
                print("\n".join([f"{'FAIL' if wrong else 'ok  '} {scenario}", *(f"       {line}" for line in wrong)]))
    except (NotStarted, RuntimeError) as error:
        print(f"FAIL {error}", file=sys.stderr)
        return 1
    count = len(arguments.only or scenarios)
    print(f"\n{count} failures in {time.monotonic() - began:.0f} s, {failed} with a bad look")
    print(f"What the looks printed: {KEPT.relative_to(ROOT)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
