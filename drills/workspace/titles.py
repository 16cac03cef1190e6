"""The scenarios' titles, for `drills list`: without building a model of any file, which would take its time."""

from __future__ import annotations

from pathlib import Path

from drills.errors import InvalidFiles
from drills.workspace.layout import files_root, scenario_files
from drills.workspace.yaml_lines import read_document


def titles(start: Path) -> dict[str, str]:
    """Each scenario's title by its name, in the order of the names.

    Raises InvalidFiles for files that are not YAML; what else may be wrong with them is for `drills validate`.
    """
    root = files_root(start)
    documents = {name: read_document(path, str(path.relative_to(root))) for name, path in scenario_files(root).items()}
    problems = [problem for document in documents.values() for problem in document.problems]
    if problems:
        raise InvalidFiles(problems)
    return {name: _title(document.data) for name, document in documents.items()}


def _title(data: object) -> str:
    title = data.get("title") if isinstance(data, dict) else None
    return title if isinstance(title, str) else "(no title)"
