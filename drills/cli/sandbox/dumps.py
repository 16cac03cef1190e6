"""Dump and restore a database of your own compose project, with the programs in its container."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drills.cli.acting import action
from drills.cli.sandbox.answers import megabytes
from drills.cli.sandbox.opening import open_sandbox
from drills.cli.terminal import echo
from drills.cli.workspace_option import HERE, WorkspaceOption

DatabaseOption = Annotated[str | None, typer.Option(help="The database; default: the only one.")]


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: drills sandbox dump before.dump --service db")(dump)
    app.command("load-dump", epilog="Example: drills sandbox load-dump before.dump --service db")(load_dump)


def dump(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist yet.")],
    service: DatabaseOption = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Write all of a database to a file, by its own `pg_dump` or `mysqldump`."""
    context, sandbox = open_sandbox(workspace)
    # A dump changes nothing for users, so it does not count as a repair.
    with action(context, read_only=True):
        echo(f"{file}: {megabytes(sandbox.databases.dumps(service).dump(file))}")


def load_dump(
    file: Annotated[Path, typer.Argument(help="A file that `dump` wrote.")],
    service: DatabaseOption = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Restore a database from a dump; tables created later are kept."""
    context, sandbox = open_sandbox(workspace)
    with action(context, read_only=False):
        sandbox.databases.dumps(service).restore(file)
        echo(f"{file} is restored")
