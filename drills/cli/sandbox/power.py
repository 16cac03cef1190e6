"""`drills sandbox up | down | status | restart`: the sandbox as a whole, and each service of it."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer

from drills.app.access import TERMINAL, Act
from drills.app.context import Context
from drills.cli.acting import action
from drills.cli.places import HERE, WorkspaceOption
from drills.cli.sandbox.answers import plain, print_services, shown_settings, whole_state
from drills.cli.sandbox.opening import open_sandbox
from drills.cli.terminal import echo
from drills.sandbox.capabilities.capability import Capability


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: drills sandbox up")(up)
    app.command(epilog="Example: drills sandbox down")(down)
    app.command(epilog="Example: drills sandbox status --json")(status)
    app.command(epilog="Example: drills sandbox restart database, or: … restart app/2, or: … restart all")(restart)


def up(workspace: WorkspaceOption = HERE) -> None:
    """Start what does not run, and wait until it is ready."""
    place, sandbox = open_sandbox(workspace, must_be_up=False)
    began = time.monotonic()
    with action(place, read_only=False):
        sandbox.up()
        print_services(sandbox.services.list())
        echo(f"up in {time.monotonic() - began:.1f} s: {', '.join(sandbox.entrances)}")


def down(workspace: WorkspaceOption = HERE) -> None:
    """End everything that belongs to the sandbox, and nothing else."""
    from drills.sandbox.open import hold_project
    from drills.store.holder import hold

    place, sandbox = open_sandbox(workspace, must_be_up=False)
    with hold(place.state_dir, place.config.sandbox.name, "drills sandbox down"), hold_project(place):
        sandbox.down()
    echo("down")


def status(
    as_json: Annotated[bool, typer.Option("--json", help="The whole state, for comparison.")] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Show services, release, settings and links."""
    place, sandbox = open_sandbox(workspace)
    with action(place, read_only=True):
        if as_json:
            Context(place, TERMINAL).require_on_sandbox(Act.READ_STATE)
            from drills.sandbox.known_secrets import KnownSecrets

            state = whole_state(sandbox.fingerprint(), KnownSecrets(sandbox).names)
            echo(json.dumps(state, indent=2, default=plain, sort_keys=True))
            return
        print_services(sandbox.services.list())
        echo()
        if Capability.RELEASES in sandbox.capabilities:
            releases = sandbox.releases.list()
            current = next((release.version for release in releases if release.current), "none")
            echo(f"release   {current}")
        if Capability.SETTINGS in sandbox.capabilities:
            shown = shown_settings(sandbox.settings.values(), sandbox.settings.secret)
            echo("settings  " + "  ".join(f"{name}={value}" for name, value in shown))
        for link in sandbox.links.list() if Capability.LINKS in sandbox.capabilities else ():
            echo(f"link      {link.name}  {'open' if link.enabled else 'CUT'}  {link.detail}".rstrip())


def restart(
    service: Annotated[str, typer.Argument(help="A service, one replica such as app/2, or all.")],
    workspace: WorkspaceOption = HERE,
) -> None:
    """Restart one service, or all of them, and wait until they answer."""
    place, sandbox = open_sandbox(workspace)
    with action(place, read_only=False):
        sandbox.services.restart(None if service == "all" else service)
        echo(f"{service} restarted")
