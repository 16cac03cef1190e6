"""`drills oncall`: who is on call now or at a moment, and how evenly people share it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from drills.cli.terminal import echo
from drills.cli.workspace_option import HERE, WorkspaceOption


def register(app: typer.Typer) -> None:
    app.command(name="oncall", epilog="Example: drills oncall --at '2026-12-24 18:00'")(oncall)


def oncall(
    at: Annotated[str | None, typer.Option(help="A moment, such as '2026-12-24 18:00' (UTC); default: now.")] = None,
    weeks: Annotated[int, typer.Option(help="Count each person's days over so many weeks.", min=0, max=520)] = 0,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Show who is on call by the rotations of drills.yaml, until when, and who follows."""
    from drills.app.context import at_terminal
    from drills.app.on_call import load, who_is_on_call

    context, moment = at_terminal(workspace), None if at is None else _moment(at)
    rotations = who_is_on_call(context, moment)
    for each in rotations:
        contacts = f"   for {', '.join(each.contacts)}" if each.contacts else ""
        if each.shift is None:
            echo(f"{each.name:<12} nobody: the rotation has not begun")
            continue
        shift = each.shift
        instead = f" instead of {shift.instead_of}{f': {shift.why}' if shift.why else ''}" if shift.instead_of else ""
        until = shift.until.astimezone(each.zone)
        then = f", then {each.following.who}" if each.following is not None else ""
        echo(f"{each.name:<12} {shift.who}{instead}   until {until:%a %Y-%m-%d %H:%M %Z}{then}{contacts}")
    if not rotations:
        echo("nobody: there are no rotations; add `on-call:` to drills.yaml")
    elif weeks:
        shared = load(context, weeks, moment)
        for person, days in sorted(shared.days.items()):
            echo(f"  {person:<20} {days:6.1f} days of {weeks * 7}")
        wanted = "the playbook wants it even" if shared.wanted else "the playbook does not ask for an even load"
        echo(f"  {'even' if shared.even else 'not even'}; {wanted}")


def _moment(text: str) -> datetime:
    from drills.errors import BadInput

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"--at {text!r} is not a moment; write one as 2026-12-24 18:00") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
