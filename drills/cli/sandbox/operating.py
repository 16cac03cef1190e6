"""What operators change: the app's release, its replicas, its settings, and the links to its dependencies."""

from __future__ import annotations

from typing import Annotated

import typer

from drills.cli.acting import action
from drills.cli.sandbox.answers import link_line, moment, shown_settings
from drills.cli.sandbox.opening import age, open_sandbox
from drills.cli.terminal import echo
from drills.cli.workspace_option import HERE, WorkspaceOption


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: drills sandbox releases --since 15m")(releases)
    app.command(epilog="Example: drills sandbox changes --since 15m")(changes)
    app.command(epilog="Example: drills sandbox deploy 1.1.0")(deploy)
    app.command(epilog="Example: drills sandbox rollback --to 1.0.0")(rollback)
    app.command(epilog="Example: drills sandbox scale 3, or: … scale web 3")(scale)
    app.command(epilog="Example: drills sandbox settings")(settings)
    app.command("set", epilog="Example: drills sandbox set recommendations=off")(set_)
    app.command(epilog="Example: drills sandbox link app-external-api, or: … link app-cache --cut")(link)


def releases(
    since: Annotated[str | None, typer.Option(help="Only releases deployed within this duration.")] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """List the app's releases and when they were deployed, the latest first."""
    from datetime import UTC, datetime

    within = age("--since", since)
    context, sandbox = open_sandbox(workspace)
    with action(context, read_only=True):
        now = datetime.now(UTC)
        shown = [
            release
            for release in sandbox.releases.list()
            if within is None or (release.deployed_at is not None and now - release.deployed_at <= within)
        ]
        for release in shown:
            when = "never" if release.deployed_at is None else moment(release.deployed_at, now)
            # Runbooks ask for the mark at the beginning of a line.
            mark = "*" if release.current else " "
            echo(f"{mark} {release.version:<10} deployed {when:<28} {release.summary}")
        if not shown:
            echo("nothing was deployed in that time")


def changes(
    since: Annotated[str | None, typer.Option(help="Only changes within this duration.")] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """List what was changed, the newest first: releases, settings, migrations, replicas, limits, certificates."""
    from datetime import UTC, datetime

    within = age("--since", since)
    context, sandbox = open_sandbox(workspace)
    with action(context, read_only=True):
        now = datetime.now(UTC)
        found = sandbox.changes.list(within)
        for change in found:
            echo(f"{moment(change.at, now):<28} {change.what}")
        if not found:
            echo("nothing was changed in that time")


def deploy(version: Annotated[str, typer.Argument(help="A release.")], workspace: WorkspaceOption = HERE) -> None:
    """Deploy a release of the app."""
    context, sandbox = open_sandbox(workspace)
    with action(context, read_only=False):
        sandbox.releases.deploy(version)
        echo(f"release {version} is running")


def rollback(
    to: Annotated[str | None, typer.Option(help="A release; default: the one before.")] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Go back to the release that ran before."""
    context, sandbox = open_sandbox(workspace)
    with action(context, read_only=False):
        echo(f"release {sandbox.releases.rollback(to)} is running")


def scale(
    words: Annotated[list[str], typer.Argument(metavar="[SERVICE] NUMBER", help="How many; 0 removes all.")],
    workspace: WorkspaceOption = HERE,
) -> None:
    """Run this many replicas of a service; where only one can be scaled, its name may be left out."""
    from drills.errors import BadInput

    *named, number = words
    if len(named) > 1 or not number.isascii() or not number.isdigit():
        raise BadInput("write a service and a number, such as `drills sandbox scale web 3`")
    service, replicas = (named[0] if named else None), int(number)
    context, sandbox = open_sandbox(workspace)
    with action(context, read_only=False):
        sandbox.replicas.scale(replicas, service)
        echo(f"{f'{service}: ' if service else ''}{replicas} replica{'' if replicas == 1 else 's'}")


def settings(workspace: WorkspaceOption = HERE) -> None:
    """List the settings with their values; those of secrets are not shown."""
    context, sandbox = open_sandbox(workspace)
    with action(context, read_only=True):
        for name, value in shown_settings(sandbox.settings.values(), sandbox.settings.secret):
            echo(f"{name}={value}")


def set_(
    changes: Annotated[list[str] | None, typer.Argument(help="NAME=VALUE, one or more.")] = None,
    unset: Annotated[list[str] | None, typer.Option(help="Remove this variable; may be repeated.")] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Change settings: feature flags, pool size, secrets. Services that use one reload it, or are recreated with it.

    The included app's replicas are replaced, the new ones first.
    """
    from drills.errors import BadInput

    pairs = [change.partition("=") for change in changes or ()]
    wrong = [name for name, equals, _ in pairs if not equals]
    if wrong:
        raise BadInput(f"{wrong[0]!r}: write NAME=VALUE, such as recommendations=off")
    wanted: dict[str, str | None] = {name: value for name, _, value in pairs} | dict.fromkeys(unset or ())
    if not wanted:
        raise BadInput("say what to change: NAME=VALUE, or --unset NAME")
    context, sandbox = open_sandbox(workspace)
    with action(context, read_only=False):
        sandbox.settings.set(wanted)
        echo("set " + ", ".join(wanted))


def link(
    name: Annotated[str | None, typer.Argument(help="A link; default: show all.")] = None,
    cut: Annotated[bool | None, typer.Option("--cut/--open", help="Cut the link, or open it again.")] = None,
    direct: Annotated[
        bool, typer.Option("--direct", help="In a compose project of your own: connect without Toxiproxy again.")
    ] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Show a link, or all; cut or open it. The calling service is restarted when its link is first cut."""
    from drills.app.sandbox.changes import change_link, links

    context, sandbox = open_sandbox(workspace)
    with action(context, read_only=cut is None and not direct):
        change_link(sandbox, name, cut=cut, direct=direct)
        for status in links(context, sandbox, name):
            echo(link_line(status))
