"""`drills respond …`: a person's actions in an incident; every one is stored on the drill's timeline at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drills.cli.terminal import echo
from drills.cli.workspace_option import HERE, WorkspaceOption

if TYPE_CHECKING:
    from drills.app.respond import Answer, Desk

respond_app = typer.Typer(
    help="Respond to the current incident: acknowledge, declare, inform, decide, close.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def register(app: typer.Typer) -> None:
    app.add_typer(respond_app, name="respond")


def _say(folder: Path, act: Callable[[Desk], Answer]) -> None:
    """Do the act in the incident that goes on, and print what came of it."""
    from drills.app.context import at_terminal
    from drills.app.respond import responding

    with responding(at_terminal(folder)) as desk:
        echo(act(desk).text)


@respond_app.command(epilog="Example: drills respond ack")
def ack(
    alert: Annotated[
        str | None, typer.Argument(help="An alert's id or key; default: each that is not acknowledged yet.")
    ] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Acknowledge alerts: each one that fires is acknowledged by itself."""
    _say(workspace, lambda desk: desk.acknowledge(alert))


@respond_app.command(epilog="Example: drills respond severity SEV2 --because 'checkout fails'")
def severity(
    level: Annotated[str, typer.Argument(help="A level of the playbook.")],
    because: Annotated[str, typer.Option(help="Why this level.")] = "",
    workspace: WorkspaceOption = HERE,
) -> None:
    """Declare how severe it is."""
    _say(workspace, lambda desk: desk.declare_severity(level, because))


@respond_app.command(epilog="Example: drills respond command 'the on-call lead'")
def command(
    who: Annotated[str, typer.Argument(help="The role that takes command; it need not be yours.")],
    workspace: WorkspaceOption = HERE,
) -> None:
    """Name the incident commander."""
    _say(workspace, lambda desk: desk.name_commander(who))


@respond_app.command(epilog="Example: drills respond update 'Orders are slow; we check the database' --status-page")
def update(
    text: Annotated[str, typer.Argument(help="What you know and what you do.")],
    status: Annotated[str, typer.Option(help="investigating, identified, monitoring or resolved.")] = "investigating",
    status_page: Annotated[bool, typer.Option("--status-page", help="For the public status page.")] = False,
    users: Annotated[bool, typer.Option("--users", help="For the users, by e-mail.")] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Post an update, composed from the playbook's template, with the time of the next one."""
    _say(workspace, lambda desk: desk.post_update(text, status, status_page=status_page, users=users))


@respond_app.command(epilog="Example: drills respond note 'the database answers, its queries do not end'")
def note(
    text: Annotated[str, typer.Argument(help="Anything worth keeping.")], workspace: WorkspaceOption = HERE
) -> None:
    """Write a line into the incident's timeline."""
    _say(workspace, lambda desk: desk.take_note(text))


@respond_app.command(epilog="Example: drills respond check 3 4 a1")
def check(
    items: Annotated[
        list[str], typer.Argument(help="Lines of the lists in `drills respond status`: 3, a1, p2.", metavar="LINE...")
    ],
    workspace: WorkspaceOption = HERE,
) -> None:
    """Tick lines of the triage list, of the level's actions and of its phases."""
    _say(workspace, lambda desk: desk.check(*items))


@respond_app.command(epilog="Example: drills respond decide rollback --cause-known --fix-minutes 20")
def decide(
    choice: Annotated[str, typer.Argument(help="fix, rollback or wait.")],
    cause_known: Annotated[bool, typer.Option("--cause-known", help="You know the cause.")] = False,
    fix_minutes: Annotated[float | None, typer.Option(help="How long a fix would take, as you think.")] = None,
    because: Annotated[str, typer.Option(help="Why.")] = "",
    workspace: WorkspaceOption = HERE,
) -> None:
    """Decide between a fix, a rollback, and waiting."""
    _say(workspace, lambda desk: desk.decide(choice, cause_known=cause_known, fix_minutes=fix_minutes, because=because))


@respond_app.command(epilog="Example: drills respond cause missing-index")
def cause(
    name: Annotated[str, typer.Argument(help="One of the plausible causes; `drills respond status` lists them.")],
    workspace: WorkspaceOption = HERE,
) -> None:
    """Name the cause."""
    _say(workspace, lambda desk: desk.name_cause(name))


@respond_app.command(epilog="Example: drills respond escalate --because 'no progress for 30 minutes'")
def escalate(
    to: Annotated[str | None, typer.Argument(help="A rung of the playbook's ladder; default: the next one.")] = None,
    because: Annotated[str, typer.Option(help="Why.")] = "",
    workspace: WorkspaceOption = HERE,
) -> None:
    """Bring in the next rung of the escalation ladder."""
    _say(workspace, lambda desk: desk.escalate(to, because))


@respond_app.command(epilog="Example: drills respond hint")
def hint(workspace: WorkspaceOption = HERE) -> None:
    """Ask for the next hint; it costs a little of the score."""
    _say(workspace, lambda desk: desk.take_hint())


@respond_app.command("all-clear", epilog="Example: drills respond all-clear 'the index is back, p95 as before'")
def all_clear(
    text: Annotated[str, typer.Argument(help="What was wrong and what fixed it.")] = "",
    workspace: WorkspaceOption = HERE,
) -> None:
    """Declare the incident over. Whether it is, is measured from the users' traffic."""
    _say(workspace, lambda desk: desk.all_clear(text))


@respond_app.command(epilog="Example: drills respond status")
def status(workspace: WorkspaceOption = HERE) -> None:
    """Show the incident as responders know it: story, alerts, triage list, what is due."""
    from drills.app.context import at_terminal
    from drills.app.respond import incident_status

    echo(incident_status(at_terminal(workspace)))
