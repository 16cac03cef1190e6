"""`drills list | show | validate | schema`: the scenarios, and whether the workspace's files are valid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drills.cli.terminal import echo
from drills.cli.workspace_option import HERE, WorkspaceOption
from drills.model.visible import visible_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drills.app.scenarios import StepShown, TruthShown


def register(app: typer.Typer) -> None:
    app.command("list", epilog="Example: drills list")(list_)
    app.command(epilog="Example: drills show slow-query --spoil")(show)
    app.command(epilog="Example: drills validate")(validate)
    app.command(epilog="Example: drills schema .drills/schemas")(schema)


def list_(workspace: WorkspaceOption = HERE) -> None:
    """List the scenarios; where this sandbox cannot run one, say why."""
    from drills.app.access import TERMINAL
    from drills.app.scenarios import list_scenarios

    known = list_scenarios(workspace, TERMINAL)
    width = max((len(scenario.name) for scenario in known), default=0)
    for scenario in known:
        echo(f"{scenario.name:<{width}}  {visible_line(scenario.title)}")
        if scenario.why_not is not None:
            echo(f"{'':<{width}}  {scenario.why_not}")
    if not known:
        echo("no scenarios; add one as scenarios/NAME/scenario.yaml")


def show(
    name: Annotated[str, typer.Argument(help="A scenario.")],
    spoil: Annotated[
        bool, typer.Option(help="Also what is broken, the cause, the remedy, the hints and the runbook's steps.")
    ] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Show a scenario; without --spoil only what a responder may know."""
    from drills.app.context import at_terminal
    from drills.app.scenarios import show_scenario
    from drills.model.durations import format_duration

    scenario = show_scenario(at_terminal(workspace), name, spoil=spoil)
    echo(f"{name}: {visible_line(scenario.title)}\n\n{scenario.story}\n")
    echo(f"steady    {', '.join(scenario.steady_probes)} for {format_duration(scenario.steady_hold)}")
    echo(f"traffic   {scenario.users} users, {scenario.requests_per_user:g} req/s each")
    for label, limit in (
        ("detect", scenario.detected_within),
        ("mitigate", scenario.mitigated_within),
        ("ends", scenario.duration),
    ):
        if limit is not None:
            echo(f"{label:<9} within {format_duration(limit)}")
    if scenario.truth is not None:
        _show_truth(scenario.truth)
    if scenario.runbook is not None:
        echo(f"runbook   {scenario.runbook}")
        _show_steps(scenario.truth.steps if scenario.truth is not None else ())


def _show_truth(truth: TruthShown) -> None:
    """What is broken, with each setting; the cause, the remedy and the hints."""
    from drills.model.durations import format_duration

    for fault in truth.faults:
        echo(f"fault     at {format_duration(fault.at)}: {fault.kind}: {visible_line(fault.summary)}")
        for name, value in fault.settings.items():
            echo(f"          {name:<13} {visible_line(value if isinstance(value, str) else json.dumps(value))}")
    if truth.cause is not None:
        echo(f"cause     {truth.cause}, among {', '.join(truth.among)}")
        echo(f"remedy    {visible_line(truth.remedy)}")
    for number, hint in enumerate(truth.hints, 1):
        echo(f"hint {number}    {hint}")


def _show_steps(steps: Sequence[StepShown]) -> None:
    from drills.cli.dry_run import step_line

    for step in steps:
        echo(f"          {step_line(step)}")


def validate(workspace: WorkspaceOption = HERE) -> None:
    """Check every file of the workspace and print all problems at once."""
    from drills.app.files import check_files

    problems = check_files(workspace)
    for problem in problems:
        echo(str(problem), err=not problem.warning)
    errors = sum(not problem.warning for problem in problems)
    if errors:
        echo(f"{errors} error{'' if errors == 1 else 's'}", err=True)
        raise typer.Exit(2)
    echo("all files are valid" if not problems else "no errors")


def schema(
    folder: Annotated[
        Path | None, typer.Argument(help="Where to write the schemas; default: .drills/schemas of the workspace.")
    ] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Write JSON Schemas of the files, for editors."""
    from drills.app.files import write_schemas

    for path in write_schemas(workspace, folder):
        echo(path)
