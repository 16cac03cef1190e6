"""What every sandbox command begins with: its workspace, the sandbox, and the options that several share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import timedelta

    from drills.app.context import Context
    from drills.app.sandbox.acting import Sandbox

SERVICES = "A service by its name, as `drills sandbox status` lists them; web/1 is the first replica of web."
ServiceArgument = Annotated[str, typer.Argument(help=SERVICES)]


def open_sandbox(folder: Path, *, must_be_up: bool = True) -> tuple[Context, Sandbox]:
    """The workspace of the folder for the person at this terminal, and its sandbox.

    Raises EnvironmentFailed when it must be up and is not.
    """
    from drills.app.context import at_terminal
    from drills.app.sandbox.acting import open_sandbox as open_of

    context = at_terminal(folder)
    return context, open_of(context, must_be_up=must_be_up)


def age(option: str, text: str | None) -> timedelta | None:
    """A duration that a person wrote. Raises BadInput that names the option."""
    from drills.errors import BadInput
    from drills.model.durations import parse_duration

    try:
        return parse_duration(text) if text else None
    except ValueError as error:
        raise BadInput(f"{option}: {error}") from None


def folder_for(folder: Path) -> Path:
    """The folder of --output-dir, made if it is not there. Raises BadInput."""
    from drills.errors import BadInput

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"--output-dir: {folder}: {error.strerror}; name a folder that can be written") from None
    return folder


def keep(path: Path, text: str, sandbox: Sandbox) -> None:
    """Write a file of evidence, with known secrets, and what looks like one, masked."""
    from drills.app.sandbox.state import without_secrets

    path.write_text(without_secrets(sandbox, text), encoding="utf-8")
