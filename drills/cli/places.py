"""What most commands need first: the workspace, its store, its sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from drills.store.store import Store
    from drills.workspace.workspace import Workspace

WorkspaceOption = Annotated[
    Path,
    typer.Option("--workspace", "-w", envvar="DRILLS_WORKSPACE", help="A folder in the workspace (default: here)."),
]
HERE = Path()


def open_workspace(folder: Path) -> Workspace:
    """The workspace that `folder` lies in. Raises InvalidFiles."""
    from drills.workspace.workspace import Workspace

    return Workspace.load(folder)


def open_store(workspace: Workspace) -> Store:
    """The workspace's store, brought up to date."""
    from drills.clock import SystemClock
    from drills.store.store import Store

    return Store.open(workspace.store_url, clock=SystemClock())
