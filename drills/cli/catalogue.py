"""`drills list | show | validate | schema`: what can be drilled, and whether the files are right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drills.cli.blindness import refuse_while_blind
from drills.cli.places import HERE, WorkspaceOption, open_workspace
from drills.cli.terminal import echo
from drills.model.visible import visible_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drills.model.scenario import Injection
    from drills.sandbox.capabilities.capability import Capability
    from drills.sandbox.choice import SandboxPlace


def register(app: typer.Typer) -> None:
    app.command("list", epilog="Example: drills list")(list_)
    app.command(epilog="Example: drills show slow-query --spoil")(show)
    app.command(epilog="Example: drills validate")(validate)
    app.command(epilog="Example: drills schema .drills/schemas")(schema)


def list_(workspace: WorkspaceOption = HERE) -> None:
    """List the scenarios, and say of those that this sandbox cannot have why."""
    from drills.faults.scarce import why_never
    from drills.sandbox.choice import AUTO
    from drills.workspace.titles import outlines, sandbox_place

    known = outlines(workspace)
    place = sandbox_place(workspace)
    if place.declared:
        _list_declared(workspace)
        return
    lacking, which = _lacking(place), "the local" if place.driver == AUTO else "this"
    width = max((len(name) for name in known), default=0)
    for name, outline in known.items():
        echo(f"{name:<{width}}  {visible_line(outline.title)}")
        if (why := why_never(outline.faults, lacking)) is not None:
            echo(f"{'':<{width}}  not on {which} sandbox: {why}")
    if not known:
        echo("no scenarios; add one as scenarios/NAME/scenario.yaml")


def _list_declared(workspace: Path) -> None:
    """The same for a system of one's own: what its owner does not allow is said too."""
    from pydantic import ValidationError

    from drills.errors import BadInput
    from drills.faults.injection import lacking
    from drills.faults.registry import fault_of
    from drills.sandbox.open import open_sandbox

    place = open_workspace(workspace)
    sandbox = open_sandbox(place)
    width = max((len(name) for name in place.scenarios), default=0)
    for name, scenario in place.scenarios.items():
        echo(f"{name:<{width}}  {scenario.title}")
        try:
            why = lacking((fault_of(each.fault) for each in scenario.timeline), sandbox)
        except BadInput as error:  # its kind is not there, or the distribution that has it is broken
            why = str(error)
        except ValidationError:
            why = "a fault of it has wrong settings; `drills validate` tells the line"
        if why is not None:
            echo(f"{'':<{width}}  not now: {why}")


def _lacking(place: SandboxPlace) -> Mapping[Capability, str]:
    """What the sandbox that would be opened cannot do, and why. An engine is asked only where its answer matters."""
    from drills.sandbox.choice import AUTO, COMPOSE, LOCAL, driver_of
    from drills.sandbox.refusals import refusals

    local = refusals(LOCAL)
    if place.driver == AUTO and local == refusals(COMPOSE):
        return local
    return refusals(driver_of(place))


def show(
    name: Annotated[str, typer.Argument(help="A scenario.")],
    spoil: Annotated[
        bool, typer.Option(help="Also what is broken, the cause, the remedy, the hints and the runbook's steps.")
    ] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Show a scenario; without --spoil only what a responder may know."""
    from drills.model.durations import format_duration

    place = open_workspace(workspace)
    scenario = place.scenario(name)
    refuse_while_blind(place)
    traffic = scenario.traffic
    echo(f"{name}: {visible_line(scenario.title)}\n\n{scenario.story}\n")
    echo(f"steady    {', '.join(scenario.steady.probes)} for {format_duration(scenario.steady.hold)}")
    echo(f"traffic   {traffic.users} users, each {traffic.requests_per_user:g} requests/s")
    for label, limit in (
        ("detect", scenario.expect.detected_within),
        ("mitigate", scenario.expect.mitigated_within),
        ("ends", scenario.limits.duration),
    ):
        if limit is not None:
            echo(f"{label:<9} within {format_duration(limit)}")
    if spoil:
        for injection in scenario.timeline:
            _show_fault(injection)
        if scenario.truth is not None:
            echo(f"cause     {scenario.truth.cause}, among {', '.join(scenario.truth.among)}")
            echo(f"remedy    {scenario.truth.remedy}")
        for number, hint in enumerate(scenario.hints, 1):
            echo(f"hint {number}    {hint}")
    runbook = place.runbook_path(name)
    if runbook is not None:
        echo(f"runbook   {place.shown(runbook)}")
        if spoil:
            from drills.cli.dry_run import step_line
            from drills.drill.planning import load_runbook

            for block in load_runbook(place, name).blocks:
                echo(f"          {step_line(block)}")


def _show_fault(injection: Injection) -> None:
    """A fault in a few words, and each of its settings."""
    from drills.faults.registry import fault_of
    from drills.model.durations import format_duration

    spec = injection.fault
    echo(f"fault     at {format_duration(injection.at)}: {spec.kind}: {visible_line(fault_of(spec).summary())}")
    for name, value in spec.settings.items():
        echo(f"          {name:<13} {visible_line(value if isinstance(value, str) else json.dumps(value))}")


def validate(workspace: WorkspaceOption = HERE) -> None:
    """Check every file of the workspace, and print everything that is wrong at once."""
    from drills.workspace.validate import validate as problems_of
    from drills.workspace.workspace import find_root

    root = find_root(workspace)
    if root is None:
        from drills.errors import BadInput

        raise BadInput(f"{workspace.resolve()}: no drills.yaml here or above; this folder is not in a workspace")
    problems = problems_of(root)
    for problem in problems:
        echo(str(problem), err=not problem.warning)
    errors = sum(not problem.warning for problem in problems)
    if errors:
        echo(f"{errors} error{'' if errors == 1 else 's'}", err=True)
        raise typer.Exit(2)
    echo("all files are right" if not problems else "no errors")


def schema(
    folder: Annotated[
        Path | None, typer.Argument(help="Where to write the schemas; default: .drills/schemas of the workspace.")
    ] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Write JSON Schemas of the files, for editors."""
    from drills.workspace.layout import find_root
    from drills.workspace.schemas import write_schemas

    # The workspace itself is not loaded: schemas help most where its files cannot be used yet.
    for path in write_schemas(folder or (find_root(workspace) or workspace) / ".drills" / "schemas"):
        echo(path)
