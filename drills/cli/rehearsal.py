"""`drills run --rehearse`: what probes and read-only steps say where nothing is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drills.app.context import Context
from drills.app.rehearsal import passed, rehearse
from drills.cli.terminal import echo
from drills.errors import ExitCode
from drills.model.durations import humane
from drills.model.probe import probe_from

if TYPE_CHECKING:
    from drills.app.start import DrillPlan


def print_rehearsal(context: Context, plan: DrillPlan) -> int:
    """Rehearse the plan's runbook and print it; returns the exit status: 1 when a step or a probe does not pass."""
    rehearsal = rehearse(context, plan)
    for observation in rehearsal.observations:
        name = probe_from(observation.probe, observation.vantage)
        mark = "ok  " if passed(observation) else "FAIL"
        echo(f"{mark}  probe  {name:<20} {observation.reason}".rstrip())
    for rehearsed in rehearsal.steps:
        step = rehearsed.step
        said = humane(step.seconds) + rehearsed.remark if step.ok else step.reason
        echo(f"{'ok  ' if step.ok else 'FAIL'}  step   {step.block.name:<20} {said}")
    echo(f"{rehearsal.failed} failed" if rehearsal.failed else "everything passed")
    return int(ExitCode.LIMIT_MISSED if rehearsal.failed else ExitCode.ALL_MET)
