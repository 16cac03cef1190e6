"""A compose project of a workspace: its file, folder and name, and which containers are its own.

What is touched must carry the project's label and that of its folder: another project that happens to have the same
name, in another folder, is refused; other containers are never checked.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drills.errors import BadInput
from drills.sandbox.compose import engine

PROJECT = "com.docker.compose.project"
FOLDER = "com.docker.compose.project.working_dir"
SERVICE = "com.docker.compose.service"
NUMBER = "com.docker.compose.container-number"
ONE_OFF = "com.docker.compose.oneoff"


@dataclass(frozen=True, slots=True)
class Project:
    """`folder` is what relative paths in `file` start from. `host` is the engine's address.

    `more` are further compose files, each of which adds to those before it.
    """

    name: str
    folder: Path
    file: Path
    host: str
    more: tuple[Path, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """In Compose's order."""
        return (self.file, *self.more)

    def owns(self, labels: Mapping[str, str]) -> bool:
        """Whether a container with these labels is one of this project, of this folder."""
        folder = labels.get(FOLDER, "")
        here = folder != "" and os.path.realpath(folder) == os.path.realpath(self.folder)
        return here and labels.get(PROJECT) == self.name

    def is_at(self, name: str, host: str) -> bool:
        """Whether these are its own; a socket may have several paths."""
        return name == self.name and _socket(host) == _socket(self.host)


def _socket(host: str) -> str:
    return os.path.realpath(host.removeprefix("unix://")) if host.startswith("unix://") else host


def named_for(folder: Path, sandbox: str, *, borrowed: Path | None = None) -> str:
    """The project's name, as `docker compose` in that folder would choose it.

    A sandbox that is not called `default` adds its name. `borrowed`: the compose file is not the folder's own; as
    others may borrow it too, the name then follows from the borrower's folder.
    """
    if borrowed is not None:
        plain = f"drills-{hashlib.sha256(str(borrowed).encode()).hexdigest()[:10]}"
    else:
        plain = os.environ.get("COMPOSE_PROJECT_NAME") or normalised(folder.name) or "drills"
    return plain if sandbox == "default" else f"{plain}-{sandbox}"


def normalised(name: str) -> str:
    """As compose does with a folder's name: small letters, digits, - and _, beginning with a letter or digit.

    Nothing may be left, which Compose refuses.
    """
    return re.sub(r"[^a-z0-9_-]", "", name.lower()).lstrip("_-")


def own(project: Project, listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the engine's containers that are the project's. Raises BadInput when its name is another folder's."""
    for each in listed:
        labels = each.get("Labels") or {}
        if not project.owns(labels):
            raise BadInput(
                f"the compose project {project.name!r} belongs to {labels.get(FOLDER) or 'somebody else'}; "
                "nothing was touched: name this one in drills.yaml, sandbox: {project: …}, or take that one down"
            )
    return listed


def is_running(project: Project) -> bool:
    """Whether a container of the project runs or is frozen. Raises EnvironmentFailed, and BadInput as `own` does."""
    return any(each.get("State") in ("running", "paused") for each in own(project, listed(project)))


def listed(project: Project) -> list[dict[str, Any]]:
    return engine.containers(project.host, project.name)
