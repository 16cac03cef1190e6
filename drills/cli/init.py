"""`drills init`: a first workspace for a compose project of one's own."""

from __future__ import annotations

from pathlib import Path

import typer

from drills.cli.terminal import echo


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: drills init")(init)


def init() -> None:
    """Write drills.yaml, probes and a first scenario for the compose file in this folder; nothing may be broken yet."""
    from drills.errors import BadInput
    from drills.workspace.beginning import begin
    from drills.workspace.schemas import with_modeline, write_schemas

    here = Path.cwd()
    files = begin(here)
    for name, text in files.items():
        path = here / name
        if path.exists():
            echo(f"{name}  is there already, left as it is")
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(with_modeline(name, text), encoding="utf-8")
        except OSError as error:
            raise BadInput(f"{path}: cannot be written ({error.strerror})") from None
        echo(name)
    write_schemas(here / ".drills" / "schemas")
    echo("\nNext: drills sandbox up; drills probe; then say in drills.yaml what drills may do (may: [kill, …])")
