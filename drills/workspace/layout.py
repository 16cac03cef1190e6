"""The paths of a workspace's files. Imports little, since the command line needs it at start-up.

What has the name of such a file is listed whatever it is (a folder, a link that leads nowhere): reading it says what is
wrong, and nothing is left out in silence.
"""

from __future__ import annotations

import os
from pathlib import Path

from drills.included import included_root

CONFIG_FILE = "drills.yaml"


def find_root(start: Path) -> Path | None:
    """The nearest folder, from `start` upward, that holds drills.yaml."""
    here = start.resolve()
    return next((folder for folder in (here, *here.parents) if os.path.lexists(folder / CONFIG_FILE)), None)


def files_root(start: Path) -> Path:
    """The folder whose scenarios, probes and playbooks are used in `start`: its workspace, or else the included one."""
    return find_root(start) or included_root()


def scenario_files(root: Path) -> dict[str, Path]:
    """Each scenario.yaml by the name of its folder."""
    found = (folder / "scenario.yaml" for folder in sorted(root.glob("scenarios/*")))
    return {path.parent.name: path for path in found if os.path.lexists(path)}


def playbook_files(root: Path) -> dict[str, Path]:
    """Each playbook by the name of its file."""
    return {path.stem: path for path in sorted(root.glob("playbooks/*.yaml"))}


def probe_files(root: Path) -> tuple[Path, ...]:
    return tuple(sorted(root.glob("probes/*.yaml")))
