"""`drills undo list | give-up`: what is owed, and how a person ends what cannot be undone any more."""

from __future__ import annotations

from typing import Annotated

import typer

from drills.cli.places import HERE, WorkspaceOption, open_store, open_workspace
from drills.cli.terminal import echo

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
    from drills.app.access import Act
    from drills.app.context import at_terminal
    from drills.drill.giving_up import exit_code_of
    from drills.store.journal import Journal

    context = at_terminal(workspace)
    context.require_on_sandbox(Act.FOLLOW_TRUTH)
    name = context.workspace.config.sandbox.name
    with context.store() as store:
        owed, code = Journal(store).owed(name), exit_code_of(store, name)
    for row in owed:
        tries = "" if not row.attempts else f"   tried {row.attempts} times, last: {row.last_failure}"
        echo(f"#{row.id}  {row.drill_id}  since {row.written_at:%Y-%m-%d %H:%M} UTC  {row.summary}{tries}")
    if not owed:
        echo("nothing is owed")
    raise typer.Exit(int(code))


def give_up(
    number: Annotated[int, typer.Argument(help="The undo's number, as `drills undo list` shows it.", min=1)],
    because: Annotated[str, typer.Option(help="Why it cannot be undone; the drill's timeline keeps it.")],
    force: Annotated[bool, typer.Option("--force", help="Try nothing; also what may still be undone.")] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Give up an undo whose service is gone for good; everything that is owed is tried once more before."""
    from drills.drill.giving_up import exit_code_of
    from drills.drill.giving_up import give_up as settle
    from drills.errors import BadInput
    from drills.masking.masking import mask
    from drills.model.visible import visible

    if not because.strip():
        raise BadInput("--because: write why it cannot be undone")
    place = open_workspace(workspace)
    store = open_store(place)
    try:
        for line in settle(place, store, number, mask(visible(because.strip())), forced=force):
            echo(line)
        code = exit_code_of(store, place.config.sandbox.name)
    finally:
        store.close()
    raise typer.Exit(int(code))
