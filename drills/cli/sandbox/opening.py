"""What every sandbox command begins with: its workspace, the sandbox, and the words that several understand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drills.cli.places import open_workspace

if TYPE_CHECKING:
    from datetime import timedelta

    from drills.sandbox.sandbox import Sandbox
    from drills.workspace.workspace import Workspace

SERVICES = "A service by its name, as `drills sandbox status` lists them; web/1 is the first replica of web."
ServiceArgument = Annotated[str, typer.Argument(help=SERVICES)]


def open_sandbox(folder: Path, *, must_be_up: bool = True) -> tuple[Workspace, Sandbox]:
    """Raises EnvironmentFailed when it must be up and is not."""
    from drills.sandbox.open import open_sandbox as open_of

    workspace = open_workspace(folder)
    sandbox = open_of(workspace)
    if must_be_up:
        require_up(sandbox)
    return workspace, sandbox


def require_up(sandbox: Sandbox) -> None:
    """Raises EnvironmentFailed when it is down."""
    from drills.errors import EnvironmentFailed

    if not sandbox.is_up():
        raise EnvironmentFailed("the sandbox is down; start it with `drills sandbox up`, or run a drill")


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
    """Write a file of evidence, without secrets: those that the sandbox knows, and what looks like one."""
    from drills.masking.masking import mask
    from drills.sandbox.known_secrets import KnownSecrets

    path.write_text(mask(text, KnownSecrets(sandbox)()), encoding="utf-8")
