"""Containers of other projects next to a compose sandbox: whatever drills do, these must not change.

Their names are as similar to the sandbox's own as names can be, and they bear the same services' labels; only the
label of the project is missing or another's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acceptance.ending import shielded
from drills.included_shop.names import Service
from drills.sandbox.compose.engine import engine_host
from drills.sandbox.compose.project import FOLDER, NUMBER, PROJECT, SERVICE, named_for

#: The sandbox needs it anyway, and it has `sleep`.
IMAGE = "redis:7"


@dataclass
class Bystanders:
    """The containers started here, and the state of each at the last check; none without an engine."""

    api: Any = None
    made: list[str] = field(default_factory=list)
    last: dict[str, str] = field(default_factory=dict)

    def start(self, name: str, labels: dict[str, str]) -> None:
        """Make and start one."""
        made = self.api.create_container(IMAGE, command=["sleep", "infinity"], name=name, labels=labels)["Id"]
        self.made.append(made)
        self.api.start(made)
        self.watch(name)

    def watch(self, name: str) -> None:
        """Watch one that somebody else creates and removes."""
        self.last[name] = self._state(name)

    def changes(self) -> list[str]:
        """What changed since the last check, one line each; none if nothing was done to them."""
        before, self.last = self.last, {name: self._state(name) for name in self.last}
        return [f"bystander {name}: {before[name]} → {now}" for name, now in self.last.items() if now != before[name]]

    def remove(self) -> None:
        """All of them, as far as they are there."""
        from docker.errors import NotFound

        for each in self.made:
            with contextlib.suppress(NotFound):
                self.api.remove_container(each, force=True, v=True)

    def _state(self, name: str) -> str:
        from docker.errors import NotFound

        try:
            seen = self.api.inspect_container(name)
        except NotFound:
            return "gone"
        return f"{seen['State']['Status']} {seen['Id'][:12]} since {seen['State']['StartedAt']}"


@contextmanager
def bystanders() -> Iterator[Bystanders]:
    """None yet; those that are started are removed at the end."""
    import docker

    api = docker.APIClient(base_url=engine_host(), version="auto")
    there = Bystanders(api)
    try:
        yield there
    finally:
        with shielded():
            there.remove()
            api.close()


@contextmanager
def bystanders_of(driver: str, workspace: Path) -> Iterator[Bystanders]:
    """Two next to the running sandbox of a workspace: one with another project's label, one with none.

    Next to a sandbox of processes there are none.
    """
    if driver != "compose":
        yield Bystanders()
        return
    project = named_for(workspace, "default")
    with bystanders() as there:
        there.start(f"{project}-database", {SERVICE: Service.DATABASE})
        there.start(f"{project}2-app-1", labels_of(f"{project}2", workspace, Service.APP))
        yield there


def labels_of(project: str, folder: Path | str, service: str) -> dict[str, str]:
    """What compose gives to the first container of a service."""
    return {PROJECT: project, FOLDER: str(folder), SERVICE: service, NUMBER: "1"}
