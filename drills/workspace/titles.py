"""What `drills list` shows of scenarios and sandbox, read without building models, which would be slow."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drills.errors import InvalidFiles
from drills.sandbox.choice import SandboxLocation
from drills.workspace.layout import CONFIG_FILE, files_root, find_root, scenario_files
from drills.workspace.yaml_lines import read_document


@dataclass(frozen=True, slots=True)
class Outline:
    """A scenario's title, and the kinds of its faults as they are written."""

    title: str
    faults: tuple[str, ...]


def outlines(start: Path) -> dict[str, Outline]:
    """Each scenario by its name, in the order of the names.

    Raises InvalidFiles for files that are not YAML; what else may be wrong with them is for `drills validate`.
    """
    root = files_root(start)
    documents = {name: read_document(path, str(path.relative_to(root))) for name, path in scenario_files(root).items()}
    problems = [problem for document in documents.values() for problem in document.problems]
    if problems:
        raise InvalidFiles(problems)
    return {name: Outline(_title(document.data), _faults(document.data)) for name, document in documents.items()}


def sandbox_location(start: Path) -> SandboxLocation:
    """What the workspace says of its sandbox; where that is wrong or nothing, what holds without it."""
    root = find_root(start)
    data = read_document(root / CONFIG_FILE).data if root is not None else None
    sandbox = data.get("sandbox") if isinstance(data, dict) else None
    written = sandbox if isinstance(sandbox, dict) else {}
    known = ("driver", "name", "file", "project", "system")
    words: dict[str, Any] = {key: written[key] for key in known if isinstance(written.get(key), str)}
    if isinstance(files := written.get("file"), list):
        words["file"] = tuple(map(str, files))
    return SandboxLocation(root or start.resolve(), **words, declared=bool(written.get("services")))


def _title(data: object) -> str:
    title = data.get("title") if isinstance(data, dict) else None
    return title if isinstance(title, str) else "(no title)"


def _faults(data: object) -> tuple[str, ...]:
    timeline = data.get("timeline") if isinstance(data, dict) else None
    faults = [each.get("fault") for each in timeline if isinstance(each, dict)] if isinstance(timeline, list) else []
    kinds = [fault.get("kind") for fault in faults if isinstance(fault, dict)]
    return tuple(kind for kind in kinds if isinstance(kind, str))
