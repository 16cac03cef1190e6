"""`drills undo list | give-up`: what is owed, and how a person ends what cannot be undone any more."""

from __future__ import annotations

from typing import Annotated

import typer

from drills.cli.terminal import echo
from drills.cli.workspace_option import HERE, WorkspaceOption

undo_app = typer.Typer(
    help="What drills still have to undo: list it, or give up what cannot be undone any more.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def register(app: typer.Typer) -> None:
    undo_app.command("list", epilog="Example: drills undo list")(list_)
    undo_app.command(epilog="Example: drills undo give-up 41 --because 'the service db was removed'")(give_up)
    app.add_typer(undo_app, name="undo")


def list_(workspace: WorkspaceOption = HERE) -> None:
    """List the undos that are owed on this sandbox. Exit status 4 when there are some."""
    from drills.app.context import at_terminal
    from drills.app.upkeep import owed_undos
    from drills.errors import ExitCode

    owed = owed_undos(at_terminal(workspace))
    for undo in owed:
        tries = "" if not undo.attempts else f"   tried {undo.attempts} times, last: {undo.last_failure}"
        echo(f"#{undo.number}  {undo.drill_id}  since {undo.since:%Y-%m-%d %H:%M} UTC  {undo.summary}{tries}")
    if not owed:
        echo("nothing is owed")
    raise typer.Exit(int(ExitCode.UNDO_OWED if owed else ExitCode.ALL_MET))


def give_up(
    number: Annotated[int, typer.Argument(help="The undo's number, as `drills undo list` shows it.", min=1)],
    because: Annotated[str, typer.Option(help="Why it cannot be undone; the drill's timeline keeps it.")],
    force: Annotated[bool, typer.Option("--force", help="Try no undo before; give up any undo.")] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Give up an undo whose service is gone for good; everything that is owed is tried once more before."""
    from drills.app import upkeep
    from drills.app.context import at_terminal

    done = upkeep.give_up(at_terminal(workspace), number, because, forced=force)
    for line in done.lines:
        echo(line)
    raise typer.Exit(int(done.exit_code))
