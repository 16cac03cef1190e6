"""`drills run`, `drills demo`: conduct one drill and print it as it happens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drills.cli.workspace_option import HERE, WorkspaceOption
from drills.model.responder_kind import ResponderKind

if TYPE_CHECKING:
    from drills.app.context import Context
    from drills.app.outcome import Outcome
    from drills.app.start import DrillPlan, Heading


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: drills run slow-query --responder runbook")(run)
    app.command(epilog="Example: drills demo")(demo)


def run(
    name: Annotated[str, typer.Argument(help="The scenario, as `drills list` names it.")],
    responder: Annotated[
        ResponderKind | None,
        typer.Option(help="Who answers the alert; default: the scenario's runbook, if it has one."),
    ] = None,
    playbook: Annotated[str | None, typer.Option(help="Score against this playbook, not the workspace's.")] = None,
    runbook: Annotated[
        str | None, typer.Option(help="Answer with this scenario's runbook instead, or with a file: fix.md.")
    ] = None,
    from_step: Annotated[str | None, typer.Option("--from", help="Begin the runbook at this step.")] = None,
    rehearse: Annotated[bool, typer.Option(help="Break nothing: run probes and read-only steps only.")] = False,
    on_copy: Annotated[
        bool, typer.Option(help="Drill a throw-away copy of your compose project: own volumes, no ports.")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="Only print what would be done and what would be affected.")] = False,
    spoil: Annotated[bool, typer.Option("--spoil", help="With --dry-run: also what is broken, and how.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the scorecard as JSON at the end.")] = False,
    junit: Annotated[Path | None, typer.Option(help="Also write the result as JUnit XML to this file.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the outcome only.")] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Run one drill: break the sandbox, let the responder answer, undo, score, report."""
    from drills.app.context import at_terminal
    from drills.app.start import plan, require_possible

    context = at_terminal(workspace)
    planned = plan(
        context,
        name,
        responder=responder,
        playbook=playbook,
        runbook=runbook,
        from_step=from_step,
        on_copy=on_copy,
    )
    if dry_run:
        from drills.app.dry_run import show_plan
        from drills.cli.dry_run import print_plan

        print_plan(show_plan(context, planned, spoil=spoil))
        return
    if rehearse:
        from drills.cli.rehearsal import print_rehearsal

        raise typer.Exit(print_rehearsal(context, planned))
    require_possible(context, planned)
    raise typer.Exit(run_plan(context, planned, as_json=as_json, junit=junit, quiet=quiet or as_json))


def demo(workspace: WorkspaceOption = HERE) -> None:
    """A first drill, end to end: a database is killed, a runbook answers, the recovery is measured."""
    from drills.app.context import at_terminal
    from drills.app.start import plan

    context = at_terminal(workspace)
    raise typer.Exit(run_plan(context, plan(context, "database-failure", responder=ResponderKind.RUNBOOK)))


def run_plan(
    context: Context,
    plan: DrillPlan,
    *,
    as_json: bool = False,
    junit: Path | None = None,
    quiet: bool = False,
) -> int:
    """Conduct a drill, print it, write what was asked for; returns the exit status."""
    import asyncio
    from contextlib import ExitStack

    from drills.app.outcome import junit_of
    from drills.app.start import conduct
    from drills.cli.command_server import command_server
    from drills.cli.interrupting import Interruption
    from drills.cli.live import Live, echo_patiently, make_console
    from drills.cli.outcome import print_heading, print_outcome
    from drills.errors import ExitCode
    from drills.model.visible import visible_json

    console = make_console(stderr=as_json)
    live = Live(console, plan.responder)
    interruption = Interruption()
    if junit is not None:
        check_folder(junit)
    during = ExitStack()

    def announce(heading: Heading) -> None:
        # From here on this runner holds the sandbox: no other has a server in this workspace.
        during.enter_context(command_server(context.workspace.home, context.workspace.state_dir))
        if not quiet:
            print_heading(console, heading)

    async def conducted() -> Outcome:
        interruption.listen()
        return await conduct(
            context,
            plan,
            announce=announce,
            show=None if quiet else live.show,
            say=lambda line: echo_patiently(line, err=True),
        )

    try:
        with during:
            outcome = asyncio.run(conducted())
    except asyncio.CancelledError:
        return int(interruption.exit_code)
    if as_json:
        echo_patiently(visible_json(outcome.scorecard.model_dump_json(indent=2)))
    else:
        print_outcome(console, outcome, context.workspace.home)
    if outcome.unstored:
        echo_patiently(outcome.unstored, err=True)
    if junit is not None:
        write_text(junit, junit_of(outcome))
    return int(interruption.exit_code if outcome.exit_code is ExitCode.INTERRUPTED else outcome.exit_code)


def check_folder(path: Path) -> None:
    """Raises BadInput when a file cannot be put there: better known before a drill than after it."""
    from drills.errors import BadInput

    if path.is_dir():
        raise BadInput(f"{path}: is a folder; name a file")
    if not path.parent.is_dir():
        raise BadInput(f"{path}: there is no folder {path.parent}; make it, or name another file")


def write_text(path: Path, text: str) -> None:
    """Write a file that a user asked for. Raises BadInput in one line when that cannot be done."""
    from drills.errors import BadInput

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror})") from None
