"""`drills practice`: a blind drill for a person; nothing of the truth is shown before the debrief."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from drills.app.situations import PRACTICE
from drills.cli.terminal import echo
from drills.cli.workspace_option import HERE, WorkspaceOption

#: As the scenario: its name is the first line of standard input.
_FROM_STDIN = "-"


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: drills practice --random")(practice)


def practice(
    name: Annotated[
        str | None,
        typer.Argument(help="A scenario (default: a random one); -: read its name from standard input."),
    ] = None,
    draw: Annotated[bool, typer.Option("--random", help="Choose a scenario at random; its name is hidden.")] = False,
    playbook: Annotated[str | None, typer.Option(help="Practise with this playbook.")] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Practise an incident: see its id, story and alert; answer with `drills respond` in a second terminal."""
    from drills.app.context import at_terminal
    from drills.app.on_call import on_call_now
    from drills.app.start import plan_practice
    from drills.cli.run import run_plan

    context = at_terminal(workspace)
    os.environ.pop(PRACTICE, None)
    hidden = name == _FROM_STDIN
    if hidden:
        name = sys.stdin.readline().strip()
    plan = plan_practice(context, None if draw else name, playbook=playbook)
    if not hidden:
        _begin_anew(plan.scenario.name, playbook, workspace)
    people = on_call_now(context)
    if people:
        echo(f"On call, and so the responder of this drill: {', '.join(people)}")
    echo("When the alert comes, answer from a second terminal: `drills respond status`, `drills respond ack`, …")
    echo("Repair the sandbox with `drills sandbox …`. End with `drills respond all-clear`. Ctrl-C gives up.\n")
    raise typer.Exit(run_plan(context, plan))


def _begin_anew(name: str, playbook: str | None, workspace: Path) -> NoReturn:
    """The same command without the scenario's name among its arguments, which every list of processes shows."""
    reading, writing = os.pipe()
    os.write(writing, f"{name}\n".encode())
    os.close(writing)
    os.dup2(reading, 0)
    chosen = [] if playbook is None else ["--playbook", playbook]
    words = ["practice", _FROM_STDIN, *chosen, "--workspace", str(workspace)]
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", "drills", *words], {**os.environ, PRACTICE: "1"})
