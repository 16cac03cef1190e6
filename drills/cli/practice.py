"""`drills practice`: a blind drill for a person; nothing of the truth is shown before the debrief."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from drills.app.situations import PRACTICE
from drills.cli.places import HERE, WorkspaceOption, open_workspace
from drills.cli.terminal import echo
from drills.model.responder_kind import ResponderKind

#: As the scenario: its name is the first line of standard input.
_FROM_STDIN = "-"


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: drills practice --random")(practice)


def practice(
    name: Annotated[
        str | None,
        typer.Argument(help="A scenario; without one, or with --random, one is drawn; -: named on standard input."),
    ] = None,
    draw: Annotated[bool, typer.Option("--random", help="Draw a scenario, so that nobody knows which.")] = False,
    playbook: Annotated[str | None, typer.Option(help="Practise with this playbook.")] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Practise an incident: you get its id, the story and the alert; answer with `drills respond` elsewhere."""
    from drills.cli.run import run_plan
    from drills.drill.planning import plan_drill
    from drills.drill.possible import require_possible
    from drills.errors import BadInput
    from drills.faults.scarce import why_never
    from drills.sandbox.open import open_sandbox

    place = open_workspace(workspace)
    sandbox = open_sandbox(place)
    os.environ.pop(PRACTICE, None)
    hidden = name == _FROM_STDIN
    if hidden:
        name = sys.stdin.readline().strip()
    if name is None or draw:
        broken = [each for each in place.scenarios if not place.scenario(each).is_control]
        faults = {each: [injection.fault.kind for injection in place.scenario(each).timeline] for each in broken}
        candidates = [each for each in broken if why_never(faults[each], sandbox.unavailable) is None]
        if not candidates:
            raise BadInput("there is no scenario to draw; add one as scenarios/NAME/scenario.yaml")
        name = random.SystemRandom().choice(candidates)
    plan = plan_drill(place, name, responder=ResponderKind.PERSON, playbook=playbook, blind=True)
    require_possible(plan.scenario, sandbox)
    if not hidden:
        _begin_anew(name, playbook, workspace)
    echo("When the alert comes, answer from a second terminal: `drills respond status`, `drills respond ack`, …")
    echo("Mend the sandbox with `drills sandbox …`. End with `drills respond all-clear`. Ctrl-C gives up.\n")
    raise typer.Exit(run_plan(place, plan))


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
