"""`drills sandbox provider`: the external API's console, as a customer of it sees it."""

from __future__ import annotations

from typing import Annotated

import typer

from drills.cli.acting import action
from drills.cli.places import HERE, WorkspaceOption
from drills.cli.sandbox.answers import print_table
from drills.cli.sandbox.opening import open_sandbox
from drills.cli.terminal import echo

provider_app = typer.Typer(
    help="The provider's console: its status, its keys, what it charged, and webhooks to send again.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    provider_app.command(epilog="Example: drills sandbox provider status")(status)
    provider_app.command(epilog="Example: drills sandbox provider keys --only identity-key")(keys)
    provider_app.command(epilog="Example: drills sandbox provider charges --order 120001")(charges)
    provider_app.command(epilog="Example: drills sandbox provider replay")(replay)
    app.add_typer(provider_app, name="provider")


def status(workspace: WorkspaceOption = HERE) -> None:
    """Show what the provider says of itself, and of our requests."""
    from drills.sandbox.shop.provider_console import ProviderConsole

    place, sandbox = open_sandbox(workspace)
    with action(place, read_only=True):
        for name, value in ProviderConsole(sandbox.addresses["external-api"]).status().items():
            echo(f"{name:<36} {value}")


def keys(
    only: Annotated[str | None, typer.Option(help="Print this one alone, for a command's argument.")] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Show the keys that the provider accepts and signs with now."""
    from drills.errors import BadInput
    from drills.nearest import suggest
    from drills.sandbox.shop.provider_console import ProviderConsole

    place, sandbox = open_sandbox(workspace)
    with action(place, read_only=True):
        known = ProviderConsole(sandbox.addresses["external-api"]).keys()
        if only is None:
            for name, value in known.items():
                echo(f"{name:<16} {value}")
            return
        if only not in known:
            raise BadInput(f"there is no key {only!r}; {suggest(only, known)}")
        echo(known[only])


def charges(
    order: Annotated[int | None, typer.Option(help="Only those of this order.")] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """List what was charged lately, and whether we were told. Exit status 1 when an order was charged twice."""
    from drills.sandbox.shop.provider_console import ProviderConsole

    place, sandbox = open_sandbox(workspace)
    with action(place, read_only=True):
        found = ProviderConsole(sandbox.addresses["external-api"]).charges(order)
        columns = ("order", "payment", "total_cents", "at", "webhook")
        print_table(columns, [[charge.get(name, "") for name in columns] for charge in found.listed])
        twice = ", ".join(str(each) for each in found.twice) or "none"
        echo(f"{found.count} charges in all; orders charged twice: {twice}")
        if found.twice:
            raise typer.Exit(1)


def replay(workspace: WorkspaceOption = HERE) -> None:
    """Let the provider send again the webhooks that were not delivered. Exit status 1 when some still are not."""
    from drills.sandbox.shop.provider_console import ProviderConsole

    place, sandbox = open_sandbox(workspace)
    with action(place, read_only=False):
        told = ProviderConsole(sandbox.addresses["external-api"]).replay()
        echo("  ".join(f"{name} {count}" for name, count in told.items()))
        if told.get("undelivered"):
            raise typer.Exit(1)
