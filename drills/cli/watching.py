"""`drills probe | heartbeat | serve | calendar`: check the sandbox once or continuously; scheduled drills."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from drills.cli.terminal import echo
from drills.cli.workspace_option import HERE, WorkspaceOption
from drills.model.visible import visible_line

if TYPE_CHECKING:
    from drills.model.probe import Observation


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: drills probe search database")(probe)
    app.command(epilog="Example: drills heartbeat nightly-backup")(heartbeat)
    app.command(epilog="Example: drills serve")(serve)
    app.command(epilog="Example: drills calendar --months 12")(calendar)


def probe(
    names: Annotated[list[str] | None, typer.Argument(help="Probes; default: all of the workspace.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on checking until Ctrl-C.")] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Check once with each probe, from each of its vantages. Exit status 1 when one does not pass."""
    import asyncio
    from functools import partial

    from drills.app.context import at_terminal
    from drills.app.probes import choose_probes
    from drills.model.probe import Outcome, probe_from

    chosen = choose_probes(at_terminal(workspace), names or ())
    width = max(15, *(len(probe_from(spec.name, each)) for spec in chosen.specs for each in spec.checked_from))
    show = partial(_print, width=width)
    if watch:
        asyncio.run(chosen.again_and_again(show))
        return
    seen = asyncio.run(chosen.once())
    for observation in seen:
        show(observation)
    if any(observation.outcome in (Outcome.FAIL, Outcome.UNKNOWN) for observation in seen):
        raise typer.Exit(1)


def _print(observation: Observation, *, width: int) -> None:
    phases = "  ".join(f"{name} {seconds * 1000:.1f} ms" for name, seconds in observation.phases.items())
    metrics = "  ".join(
        f"{name}={value}" if isinstance(value, bool) else f"{name}={value:.4g}"
        for name, value in observation.metrics.items()
    )
    from drills.model.probe import probe_from

    name = probe_from(observation.probe, observation.vantage)
    echo(
        f"{observation.at:%H:%M:%S}  {observation.outcome.value:<8} {name:<{width}}  "
        f"{visible_line(observation.reason) or phases}{'   ' + metrics if metrics else ''}"
    )


def heartbeat(
    names: Annotated[list[str], typer.Argument(help="What reports: the `name` of heartbeat probes.")],
    workspace: WorkspaceOption = HERE,
) -> None:
    """Report that something has happened, such as a nightly job; its heartbeat probe fails without one in time."""
    from drills.app.context import at_terminal
    from drills.app.probes import report_heartbeats

    for name, moment in report_heartbeats(at_terminal(workspace), names):
        echo(f"{name}  {moment:%Y-%m-%d %H:%M:%S} UTC")


def serve(workspace: WorkspaceOption = HERE) -> None:
    """Probe without a pause, raise and resolve alerts, and run the drills of the calendar when they are due."""
    import asyncio

    from drills.app.context import at_terminal
    from drills.service.serve import serve as run_service

    asyncio.run(run_service(at_terminal(workspace), echo))


def calendar(
    months: Annotated[int, typer.Option(help="How many months to show.", min=1, max=120)] = 12,
    spoil: Annotated[bool, typer.Option("--spoil", help="Also name the drills that a person is to answer.")] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Show upcoming drills and their times, and which rules of the workspace's playbooks the calendar does not keep.

    Drills that a person is to answer are not named.
    """
    from drills.app.calendar import broken_rules
    from drills.app.calendar import calendar as coming_drills
    from drills.app.context import at_terminal

    context = at_terminal(workspace)
    coming = coming_drills(context, months, spoil=spoil)
    for each in coming:
        people = ", ".join(each.on_call)
        when, what = f"{each.local:%a %Y-%m-%d %H:%M %Z}", each.drill or "(blind)"
        echo(f"{when}  {what:<24} {each.responder:<8} {people}".rstrip())
    if not coming:
        echo("nothing is scheduled; add entries to `schedule:` in drills.yaml")
        return
    for rule in broken_rules(context):
        echo(f"not kept: {rule}")
