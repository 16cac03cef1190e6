"""The files of a workspace: their validation, their schemas, and a first workspace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from drills.errors import BadInput, Problem


@dataclass(frozen=True, slots=True)
class FirstFile:
    """A file of a new workspace, relative to its folder; one that was there already is left as it is."""

    name: str
    written: bool


def check_files(folder: Path) -> tuple[Problem, ...]:
    """Every problem of the workspace that `folder` lies in, warnings too. Raises BadInput where there is none."""
    from drills.workspace.layout import find_root
    from drills.workspace.validate import validate

    root = find_root(folder)
    if root is None:
        raise BadInput(f"{folder.resolve()}: no drills.yaml here or above; this folder is not in a workspace")
    return tuple(validate(root))


def write_schemas(folder: Path, into: Path | None = None) -> tuple[Path, ...]:
    """Write JSON Schemas of the files, into .drills/schemas if nothing else is said; returns them.

    The workspace itself is not loaded: schemas help most where its files cannot be used yet.
    """
    from drills.workspace import schemas
    from drills.workspace.layout import find_root

    return schemas.write_schemas(into or (find_root(folder) or folder) / ".drills" / "schemas")


def begin_workspace(folder: Path) -> Iterator[FirstFile]:
    """Write a first workspace for the compose file in this folder, file by file; nothing may be broken yet.

    Raises BadInput without a compose file, or when a file cannot be written.
    """
    from drills.workspace import schemas
    from drills.workspace.beginning import begin

    for name, text in begin(folder).items():
        path = folder / name
        if path.exists():
            yield FirstFile(name, written=False)
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(schemas.with_modeline(name, text), encoding="utf-8")
        except OSError as error:
            raise BadInput(f"{path}: cannot be written ({error.strerror})") from None
        yield FirstFile(name, written=True)
    schemas.write_schemas(folder / ".drills" / "schemas")
