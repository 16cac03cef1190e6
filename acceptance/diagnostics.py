"""Run each runbook's read-only steps during its failure, which nobody repairs, and check their output.

    python -m acceptance.diagnostics [--driver compose] [--only SCENARIO]

A drill leaves the optional steps out, and a rehearsal runs them while nothing is wrong; here all read-only steps run
from the alert on. Their output is kept in build/diagnostics/SCENARIO.txt, to be read. A step that cannot run or prints
nothing fails. Steps after the remedy verify it: the runbook's last step, `verify`, must not pass while nothing was
repaired.
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

from acceptance.each_runbook import check_each
from acceptance.ending import run_in_order
from acceptance.harness import ROOT, Harness
from drills.clock import SystemClock
from drills.model.durations import humane
from drills.model.events import AlertFired, FaultApplied
from drills.model.timeline import Timeline
from drills.responders.runbook import StepResult, Surroundings, execute
from drills.responders.runbook_file import Block, parse_runbook
from drills.store.store import Store

KEPT = ROOT / "build/diagnostics"
_ALERT_SECONDS = 90.0
_END_SECONDS = 120.0
#: How long a step that people leave running until something ends is observed.
_STEP_LIMIT = timedelta(seconds=15)
#: A verification that has not passed by then waits in vain.
_VERIFICATION_LIMIT = timedelta(seconds=10)


class Failure:
    """A drill with nobody responding, from its first alert on."""

    def __init__(self, runner: subprocess.Popen[bytes], alerted: bool) -> None:
        self._runner = runner
        self._alerted = alerted

    @property
    def lasts(self) -> bool:
        return self._alerted and self._runner.poll() is None


@contextlib.contextmanager
def failing(harness: Harness, scenario: str) -> Iterator[Failure]:
    """That of a scenario; undone at the end. Raises RuntimeError when it does not end."""
    log = harness.folder / "failing.log"
    with Store.open(harness.store, clock=SystemClock()) as store:
        known = len(store.drills())
        runner = harness.start("run", scenario, "--responder", "none", log=log)
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


def run_step(harness: Harness, block: Block, limit: timedelta) -> StepResult:
    """One block as a drill would execute it, whatever was decided before, for a limited time."""
    timeout = min(limit, block.attributes.timeout)
    block = block.model_copy(update={"attributes": block.attributes.model_copy(update={"timeout": timeout})})
    surroundings = Surroundings(folder=harness.folder, environment=harness.environment)
    choice = block.attributes.when
    result = asyncio.run(execute([block], surroundings, clock=SystemClock(), on_step=lambda _: None, choice=choice))
    return result.steps[0]


def before_and_after(blocks: Sequence[Block]) -> tuple[list[Block], list[Block]]:
    """The steps that examine the failure (optional ones too), and those that verify the remedy above them."""
    examining: list[Block] = []
    verifications: list[Block] = []
    remedied = False
    for block in blocks:
        optional = block.attributes.optional
        if block.attributes.read_only:
            (verifications if remedied and not optional else examining).append(block)
        elif not (block.attributes.decision or optional):
            remedied = True
    return examining, verifications


def diagnose(harness: Harness, scenario: str) -> list[str]:
    """Run a runbook's read-only steps during its failure and keep their output; returns what failed, one line each."""
    file = ROOT / "scenarios" / scenario / "runbook.md"
    examining, verifications = before_and_after(parse_runbook(file.read_text(encoding="utf-8")).blocks)
    wrong, lines = [], [f"# {scenario}"]
    with failing(harness, scenario) as failure:
        if not failure.lasts:
            wrong.append("no alert")
        for block in (*examining, *verifications) if failure.lasts else ():
            step = run_step(harness, block, _VERIFICATION_LIMIT if block in verifications else _STEP_LIMIT)
            if not failure.lasts:
                lines.append(f"\n## from {block.name} on: the drill was over")
                wrong += [f"{block.name}: the drill was over before it"] if block in examining else []
                break
            mark = " (of the remedy)" if block in verifications else " (optional)" if block.attributes.optional else ""
            verdict = "ok" if step.ok else step.reason
            lines.append(f"\n## {block.name}{mark}: {verdict}, {humane(step.seconds)}\n{step.output.rstrip()}")
            still_running = step.exit_status is None and block.attributes.optional
            if block in examining and not step.ok and not still_running:
                wrong.append(f"{block.name}: {step.reason}")
            elif block in examining and not step.output.strip():
                wrong.append(f"{block.name}: it printed nothing")
            elif block.name == "verify" and step.ok:
                wrong.append("verify: it passes, though nothing was repaired")
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"{scenario}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return wrong


if __name__ == "__main__":
    sys.exit(run_in_order(lambda: check_each(__doc__, diagnose, "failures examined")))
