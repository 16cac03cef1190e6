"""Which compose project was drilled last: what is owed on it can be undone when its compose files are gone or broken.

Containers are found by the labels of their project and its folder, for which no file is needed.
"""

from __future__ import annotations

import json
from pathlib import Path

from drills.errors import EnvironmentFailed
from drills.file_replacement import replace_file
from drills.private_files import private_folder
from drills.sandbox.compose.project import Project
from drills.sandbox.plain_state import read_plain

_FILE = "project.json"


def remember(project: Project, folder: Path) -> None:
    """Before it is drilled; `folder` has the sandbox's own files. Raises EnvironmentFailed (disk full, read-only)."""
    kept = {
        "name": project.name,
        "folder": str(project.folder),
        "host": project.host,
        "files": [str(file) for file in project.files],
    }
    if read_plain(folder / _FILE) == kept:
        return
    try:
        private_folder(folder)
        replace_file(folder / _FILE, json.dumps(kept, indent=1))
    except OSError as error:
        raise EnvironmentFailed(f"{folder / _FILE}: cannot be written ({error.strerror})") from error


def remembered(folder: Path) -> Project | None:
    """None when none was drilled, and when its folder is gone."""
    kept = read_plain(folder / _FILE)
    try:
        files = [Path(str(each)) for each in kept["files"]]
        project = Project(str(kept["name"]), Path(str(kept["folder"])), files[0], str(kept["host"]), tuple(files[1:]))
    except (KeyError, TypeError, IndexError):
        return None
    return project if project.folder.is_dir() else None
