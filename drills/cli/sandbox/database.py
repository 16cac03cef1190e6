"""Migrations, backups and the disk of the database."""

from __future__ import annotations

from typing import Annotated

import typer

from drills.cli.acting import action
from drills.cli.sandbox.answers import megabytes, print_table
from drills.cli.sandbox.opening import open_sandbox
from drills.cli.terminal import echo
from drills.cli.workspace_option import HERE, WorkspaceOption

#: Smaller entries are not listed by `disk`.
SHOWN_BYTES = 100_000


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: drills sandbox migrate --down, or: … migrate --to 0003, or: … migrate")(migrate)
    app.command(epilog="Example: drills sandbox backups")(backups)
    app.command("back-up", epilog="Example: drills sandbox back-up before-the-repair")(back_up)
    app.command(epilog="Example: drills sandbox load-backup nightly --into restored --table products")(load_backup)
    app.command(epilog="Example: drills sandbox disk --remove dumps/old.sql")(disk)


def migrate(
    down: Annotated[bool, typer.Option("--down", help="Revert the last one.")] = False,
    to: Annotated[str | None, typer.Option(help="Apply or revert up to this version.")] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """List the migrations of the database; revert the last one, or go to a version."""
    from drills.app.sandbox.changes import revert_last_migration
    from drills.errors import BadInput

    if down and to is not None:
        raise BadInput("--down and --to cannot be combined; give one of them")
    context, sandbox = open_sandbox(workspace)
    with action(context, read_only=not down and to is None):
        if down:
            echo(f"reverted {', '.join(revert_last_migration(sandbox))}")
            return
        if to is not None:
            done = sandbox.migrations.migrate(to)
            echo(f"ran {', '.join(done)}" if done else f"already at {to}")
            return
        for each in sandbox.migrations.list():
            when = "not applied" if each.applied_at is None else f"applied {each.applied_at:%Y-%m-%d %H:%M:%S} UTC"
            echo(f"{each.version}  {when:<32} {each.summary}")


def backups(workspace: WorkspaceOption = HERE) -> None:
    """List the backups, the newest first."""
    context, sandbox = open_sandbox(workspace)
    with action(context, read_only=True):
        rows = [
            (
                each.name,
                f"{each.at:%Y-%m-%d %H:%M:%S} UTC",
                megabytes(each.bytes),
                ", ".join(f"{table} {rows}" for table, rows in each.tables.items()),
            )
            for each in sandbox.backups.list()
        ]
        print_table(("backup", "made", "size", "rows"), rows)


def back_up(name: Annotated[str, typer.Argument(help="The backup's name.")], workspace: WorkspaceOption = HERE) -> None:
    """Copy all rows as they are now, to storage outside the database."""
    context, sandbox = open_sandbox(workspace)
    # A backup changes nothing for users, so it does not count as a repair.
    with action(context, read_only=True):
        made = sandbox.backups.back_up(name)
        echo(f"{made.name}: {sum(made.tables.values())} rows, {megabytes(made.bytes)}")


def load_backup(
    name: Annotated[str, typer.Argument(help="A backup.")],
    into: Annotated[str, typer.Option(help="The schema to load it into, separate from the live tables.")] = "restored",
    table: Annotated[list[str] | None, typer.Option(help="Only this table; may be repeated.")] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Load a backup into a separate schema; copy missing rows from there with `drills sandbox sql`."""
    context, sandbox = open_sandbox(workspace)
    with action(context, read_only=False):
        for loaded, rows in sandbox.backups.load(name, into, tuple(table or ())).items():
            echo(f"{into}.{loaded}  {rows} rows")


def disk(
    remove: Annotated[str | None, typer.Option(help="Remove this file of dumps/.")] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Show what uses the database's disk, even while the database is down; remove a dump."""
    context, sandbox = open_sandbox(workspace)
    with action(context, read_only=remove is None):
        if remove is not None:
            freed = sandbox.disk.remove(remove)
            echo(f"{remove} removed, {megabytes(freed)} freed")
        found = sandbox.disk.usage()
        share = found.used / found.total
        echo(f"{megabytes(found.used)} of {megabytes(found.total)} used ({share:.0%}), {megabytes(found.free)} free")
        large = {name: size for name, size in found.entries.items() if size >= SHOWN_BYTES or name.startswith("dumps/")}
        for name, size in sorted(large.items(), key=lambda entry: -entry[1]):
            echo(f"  {megabytes(size):>10}  {name}")
