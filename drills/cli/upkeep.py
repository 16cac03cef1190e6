"""`drills stop | resume | recover | doctor`: end drills, undo what they left, check the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drills.cli.terminal import echo
from drills.cli.workspace_option import HERE, WorkspaceOption


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: drills stop --all --because 'real incident'")(stop)
    app.command(epilog="Example: drills resume")(resume)
    app.command(epilog="Example: drills recover")(recover)
    app.command(epilog="Example: drills doctor")(doctor)


def stop(
    every: Annotated[bool, typer.Option("--all", help="Also start nothing until `drills resume`.")] = False,
    because: Annotated[str, typer.Option(help="The reason; shown to anyone who tries to start a drill.")] = "",
    workspace: WorkspaceOption = HERE,
) -> None:
    """The kill switch: end the running drill and undo everything now."""
    from drills.app import upkeep
    from drills.app.context import at_terminal
    from drills.cli.live import echo_patiently
    from drills.errors import InvalidFiles

    try:
        context = at_terminal(workspace)
    except InvalidFiles:
        _end_without_configuration(workspace, every)
        raise
    stopped = upkeep.stop(context, because, stay_stopped=every, say=echo_patiently)
    for line in stopped.lines:
        echo(line)
    if every:
        echo("stopped; nothing starts until `drills resume`")
    raise typer.Exit(int(stopped.exit_code))


def _end_without_configuration(workspace: Path, every: bool) -> None:
    """End the running drill of a workspace whose drills.yaml cannot be read, and say what was not done."""
    from drills.app import upkeep
    from drills.cli.live import echo_patiently

    for line in upkeep.end_drills(workspace, say=echo_patiently):
        echo(line)
    also = ", and drills may start again" if every else ""
    echo(f"owed undos were not checked{also}: correct drills.yaml, then run `drills stop` again", err=True)


def resume(workspace: WorkspaceOption = HERE) -> None:
    """Allow drills again after `drills stop --all`."""
    from drills.app import upkeep
    from drills.app.context import at_terminal

    upkeep.resume(at_terminal(workspace))
    echo("drills may start again")


def recover(workspace: WorkspaceOption = HERE) -> None:
    """Finish every undo that a dead runner still owes, and store its drill as aborted."""
    from drills.app import upkeep
    from drills.app.context import at_terminal

    done = upkeep.recover(at_terminal(workspace))
    for line in done.lines:
        echo(line)
    raise typer.Exit(int(done.exit_code))


def doctor(workspace: WorkspaceOption = HERE) -> None:
    """Check what this machine needs for drills, and say how to fix what is missing."""
    from drills.app.context import at_terminal
    from drills.app.upkeep import check_machine

    found = check_machine(at_terminal(workspace))
    for check in found:
        echo(f"{'ok  ' if check.ok else 'FAIL'}  {check.name:<18} {check.says}")
        if not check.ok and check.fix:
            echo(f"      {'':<18} {check.fix}")
    if any(not check.ok for check in found):
        raise typer.Exit(3)
