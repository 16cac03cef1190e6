"""`drills sandbox up | down | status | restart`: the sandbox as a whole, and its services."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer

from drills.cli.acting import action
from drills.cli.sandbox.answers import plain, print_services, shown_settings
from drills.cli.sandbox.opening import open_sandbox
from drills.cli.terminal import echo
from drills.cli.workspace_option import HERE, WorkspaceOption


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: drills sandbox up")(up)
    app.command(epilog="Example: drills sandbox down")(down)
    app.command(epilog="Example: drills sandbox status --json")(status)
    app.command(epilog="Example: drills sandbox restart database, or: … restart app/2, or: … restart all")(restart)


def up(workspace: WorkspaceOption = HERE) -> None:
    """Start all services that are not running, and wait until they are ready."""
    from drills.app.sandbox.state import entrances

    context, sandbox = open_sandbox(workspace, must_be_up=False)
    began = time.monotonic()
    with action(context, read_only=False):
        sandbox.up()
        print_services(sandbox.services.list())
        shown = ", ".join(entrances(context.workspace, sandbox))
        echo(f"up in {time.monotonic() - began:.1f} s" + (f": {shown}" if shown else ""))


def down(workspace: WorkspaceOption = HERE) -> None:
    """End everything that belongs to the sandbox, and nothing else."""
    from drills.app.sandbox.state import take_down

    context, sandbox = open_sandbox(workspace, must_be_up=False)
    take_down(context, sandbox)
    echo("down")


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole state as JSON, for comparison.")] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Show services, release, settings and links."""
    from drills.app.sandbox.state import overview, whole_state

    context, sandbox = open_sandbox(workspace)
    with action(context, read_only=True):
        if as_json:
            echo(json.dumps(whole_state(context, sandbox), indent=2, default=plain, sort_keys=True))
            return
        found = overview(context, sandbox)
        print_services(found.services)
        echo()
        if found.release is not None:
            echo(f"release   {found.release}")
        if found.settings is not None:
            shown = shown_settings(found.settings, found.secret)
            echo("settings  " + "  ".join(f"{name}={value}" for name, value in shown))
        for link in found.links:
            echo(f"link      {link.name}  {link.condition}  {link.detail}".rstrip())


def restart(
    service: Annotated[str, typer.Argument(help="A service, one replica such as app/2, or all.")],
    workspace: WorkspaceOption = HERE,
) -> None:
    """Restart one service, or all of them, and wait until they answer."""
    context, sandbox = open_sandbox(workspace)
    with action(context, read_only=False):
        sandbox.services.restart(None if service == "all" else service)
        echo(f"{service} restarted")
