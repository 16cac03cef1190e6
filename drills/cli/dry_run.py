"""`drills run --dry-run`: what a drill would do, without doing any of it."""

from __future__ import annotations

from collections.abc import Sequence

from drills.cli.terminal import echo
from drills.drill.plan import DrillPlan
from drills.errors import EnvironmentFailed
from drills.faults.fault import Fault
from drills.faults.injection import lacking
from drills.faults.link_fault import CUT, disturbed_links
from drills.faults.registry import fault_of
from drills.model.durations import format_duration
from drills.model.events import ResponderKind
from drills.model.visible import visible_line
from drills.responders.runbook_file import Block
from drills.sandbox.declared.sandbox import DeclaredSandbox
from drills.sandbox.sandbox import Sandbox


def print_plan(plan: DrillPlan, sandbox: Sandbox, *, spoil: bool) -> None:
    """Print the plan of a drill on that sandbox, step by step; what it breaks how, with `spoil` only."""
    scenario = plan.scenario
    traffic = scenario.traffic
    echo(f"{scenario.name}: {visible_line(scenario.title)}   (nothing is started)\n")
    echo("1. bring the sandbox up if it is down, and write down its state as owed")
    faults = [fault_of(injection.fault) for injection in scenario.timeline]
    for link in disturbed_links(faults):
        for service in sandbox.links.callers([link]) if sandbox.refusal(link, CUT) is None else ():
            echo(f"   restart {service}: its link {link} runs through Toxiproxy until the drill has ended")
    echo(
        f"2. start {traffic.users} users, each {traffic.requests_per_user:g} requests/s, and {len(plan.probes)} probes"
    )
    echo(f"3. hold the steady state for {format_duration(scenario.steady.hold)}: {', '.join(scenario.steady.probes)}")
    echo(f"4. measure the users for {format_duration(scenario.baseline)} as the baseline")
    if scenario.is_control:
        echo(f"5. inject nothing; watch for {format_duration(scenario.limits.duration)}: any alert is a false alarm")
    for injection in scenario.timeline:
        what = fault_of(injection.fault).summary() if spoil else "inject a fault (--spoil names it)"
        echo(f"5. after {format_duration(injection.at)}: write its undo, then {what}")
    _print_affected(faults, sandbox)
    _print_answer(plan)
    echo("7. end the drill when users have been well for " + format_duration(scenario.settle))
    echo("   or when its limits are reached: " + format_duration(scenario.limits.duration))
    echo(f"8. undo everything, and score against the playbook {plan.playbook.name}")
    if (why := lacking(faults, sandbox)) is not None:
        echo(f"\nIt is refused on this sandbox: {why}")


def _print_affected(faults: Sequence[Fault], sandbox: Sandbox) -> None:
    """The containers and volumes of a compose project of one's own that the faults act on."""
    if not isinstance(sandbox, DeclaredSandbox):
        return
    acts = [(service, act) for fault in faults for service, act in fault.touches if act != CUT]
    try:
        for line in sandbox.affected(acts):
            echo(f"   {line}")
    except EnvironmentFailed as error:
        echo(f"   what is touched cannot be told: {error}")


def _print_answer(plan: DrillPlan) -> None:
    if plan.responder is ResponderKind.NONE:
        echo("6. nobody answers")
    elif plan.responder is ResponderKind.PERSON:
        echo("6. a person answers, with `drills respond` and `drills sandbox`")
    else:
        echo(f"6. when an alert fires, execute the runbook of {plan.runbook}:")
        for block in plan.blocks:
            echo(f"     {step_line(block)}")


def step_line(block: Block) -> str:
    """A step of a runbook in one line: whether it only looks, how long it may take, whether a drill leaves it out."""
    mark = "looks" if block.attributes.read_only else "acts "
    optional = "; optional: left to people" if block.attributes.optional else ""
    return f"{mark}  {block.name} (at most {format_duration(block.attributes.timeout)}{optional})"
