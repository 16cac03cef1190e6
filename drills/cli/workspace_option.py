"""Where a command works: the workspace of --workspace, or the one that contains this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

WorkspaceOption = Annotated[
    Path,
    typer.Option("--workspace", "-w", envvar="DRILLS_WORKSPACE", help="A folder in the workspace (default: here)."),
]
HERE = Path()
