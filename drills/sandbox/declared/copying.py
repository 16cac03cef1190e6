"""A throw-away copy of a compose project, `NAME-drill`: its own containers, volumes and networks, no published port.

    their files + copy.yaml ──► docker compose -p NAME-drill up ──► a drill ──► down --volumes

`copy.yaml` takes out what two projects cannot both have: ports of this machine, names of containers, and names of
volumes and networks that are not the project's own. A file `in-use` beside it says that the copy is what commands mean,
from before it is brought up until it is gone: whoever recovers a killed runner's drill finds the right one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from drills.errors import BadInput, EnvironmentFailed
from drills.file_replacement import replace_file
from drills.sandbox.compose.cli import ComposeCli
from drills.sandbox.compose.containers import Containers
from drills.sandbox.compose.model import ComposeModel, read_model
from drills.sandbox.compose.project import Project
from drills.sandbox.compose.selection import Selection

#: On each container of a copy; one without it is not removed.
LABEL = "drills.copy"
_HEAD = "# Written by drills: what a throw-away copy of this project has in place of the project's own.\n"


class ProjectCopy:
    """The copy of `original`; its files are kept in `folder`."""

    def __init__(self, original: Project, folder: Path) -> None:
        self._original = original
        self._folder = folder
        self._file = folder / "copy.yaml"
        self._in_use = folder / "in-use"
        self._mark = hashlib.sha256(f"{folder.absolute()}\0{original.name}".encode()).hexdigest()[:16]
        self.project = replace(original, name=f"{original.name}-drill", more=(*original.more, self._file))

    @property
    def in_use(self) -> bool:
        return self._in_use.exists()

    def prepare(self, *, again: bool) -> None:
        """Write what makes it a copy, `again` if that was done. Raises BadInput for a project that cannot have one."""
        if self._file.exists() and not again:
            return
        own = self._original
        model = read_model(Selection(own.name, own.folder, own.files))
        if problems := list(refusals(model)):
            raise BadInput(f"{own.name} cannot be copied for a drill: {'; '.join(problems)}")
        with _writing(self._folder):
            replace_file(self._file, override(model, self.project.name, self._mark))

    def use(self) -> None:
        """From here on commands mean the copy."""
        with _writing(self._folder):
            replace_file(self._in_use, "")

    def forget(self) -> None:
        """From here on commands mean the project itself."""
        with _writing(self._folder):
            self._in_use.unlink(missing_ok=True)

    def remove(self, containers: Containers, cli: ComposeCli) -> None:
        """Remove the copy, with its volumes and networks; raises BadInput, with nothing removed, for what is none."""
        for each in containers.list():
            if each.labels.get(LABEL) != self._mark:
                raise BadInput(
                    f"{each.name} is of a project {self.project.name} that drills did not make: nothing was removed; "
                    "rename that project, or take it down by hand"
                )
        cli.down({})
        self.forget()


def refusals(model: ComposeModel) -> Iterator[str]:
    """Why a project cannot have a copy beside it: what both would write, or have."""
    for name, service in model.services.items():
        if service.get("network_mode") == "host":
            yield f"{name} has the machine's own network (network_mode: host)"
        for volume in service.get("volumes") or ():
            if volume.get("type") == "bind" and not volume.get("read_only"):
                yield f"{name} mounts {volume.get('source')}, which both would write; mount it read-only, or a volume"


def override(model: ComposeModel, name: str, mark: str) -> str:
    """The compose file that is added to the project's own."""
    lines = [_HEAD, "services:"]
    for service, about in model.services.items():
        lines += [f"  {_quoted(service)}:", f"    labels: {{{LABEL}: {_quoted(mark)}}}"]
        lines += ["    ports: !reset []"] if about.get("ports") else []
        lines += ["    container_name: !reset null"] if about.get("container_name") else []
    for kind in ("volumes", "networks"):
        shared = [key for key, about in (model.whole.get(kind) or {}).items() if _is_shared(model.name, key, about)]
        lines += [f"{kind}:"] if shared else []
        lines += [f"  {_quoted(key)}: !override {{name: {_quoted(f'{name}_{key}')}}}" for key in shared]
    return "\n".join(lines) + "\n"


def _is_shared(project: str, key: str, about: Mapping[str, Any] | None) -> bool:
    """Whether another project of the same files would have the very same volume or network."""
    about = about or {}
    return bool(about.get("external")) or about.get("name", f"{project}_{key}") != f"{project}_{key}"


def _quoted(text: str) -> str:
    """As YAML that is read as this very text, without anything for Compose to fill in."""
    return json.dumps(text.replace("$", "$$"))


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise EnvironmentFailed(f"{folder}: cannot be written: {error.strerror or error}") from error
