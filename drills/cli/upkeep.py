"""`drills stop | resume | recover | doctor`: end everything, mend everything, check everything."""

from __future__ import annotations

from typing import Annotated

import typer

from drills.cli.places import HERE, WorkspaceOption, open_store, open_workspace
from drills.cli.terminal import echo


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: drills stop --all --because 'real incident'")(stop)
    app.command(epilog="Example: drills resume")(resume)
    app.command(epilog="Example: drills recover")(recover)
    app.command(epilog="Example: drills doctor")(doctor)


def stop(
    every: Annotated[bool, typer.Option("--all", help="Also start nothing until `drills resume`.")] = False,
    because: Annotated[str, typer.Option(help="Why; it is shown to whoever wants to start a drill.")] = "",
    workspace: WorkspaceOption = HERE,
) -> None:
    """The kill switch: end the running drill and undo everything now."""
    from drills.cli.live import echo_patiently
    from drills.drill.stopping import stop_everything

    place = open_workspace(workspace)
    store = open_store(place)
    try:
        stopped = stop_everything(place, store, because, stay_stopped=every, say=echo_patiently)
    finally:
        store.close()
    for line in stopped.lines:
        echo(line)
    if every:
        echo("stopped; nothing starts until `drills resume`")
    raise typer.Exit(int(stopped.exit_code))


def resume(workspace: WorkspaceOption = HERE) -> None:
    """Allow drills again after `drills stop --all`."""
    from drills.store.switch import KillSwitch

    store = open_store(open_workspace(workspace))
    try:
        KillSwitch(store).resume()
    finally:
        store.close()
    echo("drills may start again")


def recover(workspace: WorkspaceOption = HERE) -> None:
    """Finish every undo that a dead runner still owes, and store its drill as aborted."""
    from drills.drill.stopping import recover_sandbox
    from drills.errors import ExitCode

    place = open_workspace(workspace)
    store = open_store(place)
    try:
        report = recover_sandbox(place, store)
    finally:
        store.close()
    for line in report.lines():
        echo(line)
    raise typer.Exit(int(ExitCode.UNDO_OWED if report.owed else ExitCode.ALL_MET))


def doctor(workspace: WorkspaceOption = HERE) -> None:
    """Check what this machine needs for drills, and say how to mend what is missing."""
    from drills.doctor import examine

    found = examine(open_workspace(workspace))
    for check in found:
        echo(f"{'ok  ' if check.well else 'FAIL'}  {check.name:<18} {check.says}")
        if not check.well and check.mend:
            echo(f"      {'':<18} {check.mend}")
    if any(not check.well for check in found):
        raise typer.Exit(3)
