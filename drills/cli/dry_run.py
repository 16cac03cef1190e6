"""`drills run --dry-run`: what a drill would do, line by line."""

from __future__ import annotations

from drills.app.dry_run import PlanShown
from drills.app.scenarios import StepShown
from drills.cli.terminal import echo
from drills.model.durations import format_duration
from drills.model.responder_kind import ResponderKind
from drills.model.visible import visible_line


def print_plan(plan: PlanShown) -> None:
    """Print the plan of a drill, step by step."""
    echo(f"{plan.name}: {visible_line(plan.title)}   (nothing is started)\n")
    echo("1. start the sandbox if it is down, and record its state, to be restored at the end")
    for service, link in plan.restarts:
        echo(f"   restart {service}: its link {link} runs through Toxiproxy until the drill has ended")
    echo(f"2. start {plan.users} users ({plan.requests_per_user:g} req/s each) and {plan.probes} probes")
    echo(f"3. hold the steady state for {format_duration(plan.steady_hold)}: {', '.join(plan.steady_probes)}")
    echo(f"4. measure the users for {format_duration(plan.baseline)} as the baseline")
    if plan.is_control:
        echo(f"5. inject nothing; watch for {format_duration(plan.duration)}: any alert is a false alarm")
    for fault in plan.faults:
        what = fault.summary or "inject a fault (--spoil names it)"
        echo(f"5. after {format_duration(fault.at)}: write its undo, then {what}")
    for line in plan.affected:
        echo(f"   {line}")
    if plan.affected_unknown is not None:
        echo(f"   what would be affected is not known: {plan.affected_unknown}")
    _print_answer(plan)
    echo("7. end the drill when users have been served normally for " + format_duration(plan.settle))
    echo("   or when its limits are reached: " + format_duration(plan.duration))
    echo(f"8. undo everything, and score against the playbook {plan.playbook}")
    if plan.refusal is not None:
        echo(f"\nThis sandbox refuses the drill: {plan.refusal}")


def _print_answer(plan: PlanShown) -> None:
    if plan.responder == ResponderKind.NONE:
        echo("6. there is no responder")
    elif plan.responder == ResponderKind.PERSON:
        echo("6. a person responds, with `drills respond` and `drills sandbox`")
    else:
        echo(f"6. when an alert fires, execute the runbook of {plan.runbook}:")
        for step in plan.steps:
            echo(f"     {step_line(step)}")


def step_line(step: StepShown) -> str:
    """A step of a runbook in one line: whether it only checks, how long it may take, whether a drill leaves it out."""
    mark = "checks " if step.read_only else "changes"
    optional = "; optional: left to people" if step.optional else ""
    return f"{mark}  {step.name} (at most {format_duration(step.timeout)}{optional})"
