"""Every look of a runbook during its own failure, with nobody mending it: does it run, and does it tell something?

    python -m proofs.diagnostics [--driver compose] [--only SCENARIO]

A drill leaves the optional steps out and a rehearsal executes them where nothing is wrong; here all that change nothing
are executed from the alert on. What they print is kept in build/diagnostics/SCENARIO.txt, to be read. A look fails that
cannot run or prints nothing. What stands after the remedy is a check of it: the runbook's last word, `verify`, must not
pass where nothing was mended.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta

from drills.clock import SystemClock
from drills.model.durations import humane
from drills.model.events import AlertFired, FaultApplied
from drills.model.timeline import Timeline
from drills.responders.runbook import StepResult, Surroundings, execute
from drills.responders.runbook_file import Block, parse_runbook
from drills.store.store import Store
from proofs.each_runbook import prove_each
from proofs.workbench import ROOT, Workbench

KEPT = ROOT / "build/diagnostics"
_ALERT_SECONDS = 90.0
_END_SECONDS = 120.0
#: A look that people leave running until something ends is seen for so long.
_LOOK_LIMIT = timedelta(seconds=15)
#: A check that has not passed by then waits in vain.
_CHECK_LIMIT = timedelta(seconds=10)


class Failure:
    """A drill with nobody responding, from its first alert on."""

    def __init__(self, runner: subprocess.Popen[bytes], alerted: bool) -> None:
        self._runner = runner
        self._alerted = alerted

    @property
    def lasts(self) -> bool:
        return self._alerted and self._runner.poll() is None


@contextlib.contextmanager
def failing(bench: Workbench, scenario: str) -> Iterator[Failure]:
    """That of a scenario; undone at the end. Raises RuntimeError when it does not end."""
    log = bench.folder / "failing.log"
    with contextlib.closing(Store.open(bench.store, clock=SystemClock())) as store:
        known = len(store.drills())
        runner = bench.start("run", scenario, "--responder", "none", log=log)
        try:
            deadline = time.monotonic() + _ALERT_SECONDS
            alerted = False
            while not alerted and runner.poll() is None and time.monotonic() < deadline:
                time.sleep(0.2)
                alerted = any(_alerted(store.timeline(record.drill_id)) for record in store.drills()[known:])
            yield Failure(runner, alerted)
        finally:
            if runner.poll() is None:
                runner.send_signal(signal.SIGINT)
            try:
                runner.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                runner.kill()
                raise RuntimeError(f"{scenario} did not end within {_END_SECONDS:g} s of Ctrl-C") from None


def _alerted(timeline: Timeline) -> bool:
    """Whether an alert came after the fault; one before it is of the drill before."""
    fault = timeline.first(FaultApplied)
    return fault is not None and any(alert.seq > fault.seq for alert in timeline.all(AlertFired))


def look(bench: Workbench, block: Block, limit: timedelta) -> StepResult:
    """One block as a drill would execute it, whatever was decided before, for a limited time."""
    timeout = min(limit, block.attributes.timeout)
    block = block.model_copy(update={"attributes": block.attributes.model_copy(update={"timeout": timeout})})
    surroundings = Surroundings(folder=bench.folder, environment=bench.environment)
    choice = block.attributes.when
    result = asyncio.run(execute([block], surroundings, clock=SystemClock(), on_step=lambda _: None, choice=choice))
    return result.steps[0]


def before_and_after(blocks: Sequence[Block]) -> tuple[list[Block], list[Block]]:
    """What looks at the failure (the optional looks too), and what looks at the remedy that stands above it."""
    looks: list[Block] = []
    checks: list[Block] = []
    mended = False
    for block in blocks:
        optional = block.attributes.optional
        if block.attributes.read_only:
            (checks if mended and not optional else looks).append(block)
        elif not (block.attributes.decision or optional):
            mended = True
    return looks, checks


def diagnose(bench: Workbench, scenario: str) -> list[str]:
    """Execute a runbook's looks during its failure and keep what they print; returns what failed, one line each."""
    file = ROOT / "scenarios" / scenario / "runbook.md"
    looks, checks = before_and_after(parse_runbook(file.read_text(encoding="utf-8")).blocks)
    wrong, told = [], [f"# {scenario}"]
    with failing(bench, scenario) as failure:
        if not failure.lasts:
            wrong.append("no alert")
        for block in (*looks, *checks) if failure.lasts else ():
            step = look(bench, block, _CHECK_LIMIT if block in checks else _LOOK_LIMIT)
            if not failure.lasts:
                told.append(f"\n## from {block.name} on: the drill was over")
                wrong += [f"{block.name}: the drill was over before it"] if block in looks else []
                break
            mark = " (of the remedy)" if block in checks else " (optional)" if block.attributes.optional else ""
            verdict = "ok" if step.ok else step.reason
            told.append(f"\n## {block.name}{mark}: {verdict}, {humane(step.seconds)}\n{step.output.rstrip()}")
            still_looking = step.exit_status is None and block.attributes.optional
            if block in looks and not step.ok and not still_looking:
                wrong.append(f"{block.name}: {step.reason}")
            elif block in looks and not step.output.strip():
                wrong.append(f"{block.name}: it printed nothing")
            elif block.name == "verify" and step.ok:
                wrong.append("verify: it passes, though nothing was mended")
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"{scenario}.txt").write_text("\n".join(told) + "\n", encoding="utf-8")
    return wrong


if __name__ == "__main__":
    sys.exit(prove_each(__doc__, diagnose, "failures looked at"))
