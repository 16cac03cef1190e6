"""`drills init`: a first workspace for a compose project of one's own."""

from __future__ import annotations

from pathlib import Path

import typer

from drills.cli.terminal import echo


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: drills init")(init)


def init() -> None:
    """Write drills.yaml, probes and a first scenario for the compose file in this folder; nothing may be broken yet."""
    from drills.app.files import begin_workspace

    for file in begin_workspace(Path.cwd()):
        echo(file.name if file.written else f"{file.name}  already exists, not changed")
    echo("\nNext: drills sandbox up; drills probe; then say in drills.yaml what drills may do (may: [kill, …])")
