"""Line numbers in the files of a compose project, which Compose's own model does not give."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from drills.errors import Problem
from drills.text_files import UnreadableFile, read_text
from drills.workspace.yaml_lines import Document, YamlPath, dotted, read_document

#: Files that include each other without end.
_MOST_FILES = 100


class ComposeLines:
    """The files of a project, with those that they include or extend, read once."""

    def __init__(self, files: Sequence[Path], root: Path) -> None:
        self.documents: dict[Path, Document] = {}
        self._root = root
        waiting = list(files)
        while waiting and len(self.documents) < _MOST_FILES:
            path = waiting.pop(0)
            if path not in self.documents and path.is_file():
                # Tags that Compose alone knows (!reset, !override) hinder no line from being found.
                document = read_document(path, self.shown(path))
                self.documents[path] = document
                waiting += _named_in(document, path.parent)

    def shown(self, path: Path) -> str:
        inside = os.path.relpath(path, self._root)
        return str(path) if inside.startswith("..") else inside

    def service_names(self) -> frozenset[str]:
        """As the files write them, for use without Compose."""
        names: set[str] = set()
        for document in self.documents.values():
            names |= {str(part[1]) for part in document.yaml_paths() if len(part) == 2 and part[0] == "services"}
        return frozenset(names)

    def problem(self, yaml_path: YamlPath, wrong: str, right: str = "", *, warning: bool = False) -> Problem:
        """A problem at that path in the last file that has it, else at the nearest enclosing one."""
        for length in range(len(yaml_path), 0, -1):
            for document in reversed(self.documents.values()):
                if document.has(yaml_path[:length]):
                    line = document.line(yaml_path[:length])
                    return Problem(document.file, line, dotted(yaml_path), wrong, right, warning)
        first = next(iter(self.documents.values()), None)
        return Problem(first.file if first is not None else "compose file", 0, dotted(yaml_path), wrong, right, warning)

    def at_text(self, pattern: str, wrong: str, right: str = "", *, warning: bool = False) -> Problem:
        """A problem where that regular expression is first found in the files; at the first file when nowhere."""
        for path, document in self.documents.items():
            try:
                lines = read_text(path).splitlines()
            except (UnreadableFile, OSError):
                continue
            for number, line in enumerate(lines, start=1):
                if re.search(pattern, line) and not line.lstrip().startswith("#"):
                    return Problem(document.file, number, "", wrong, right, warning)
        return self.problem((), wrong, right, warning=warning)


def _named_in(document: Document, folder: Path) -> Iterator[Path]:
    """The files that it includes and extends, as far as they are named without variables."""
    data = document.data if isinstance(document.data, Mapping) else {}
    for item in _listed(data.get("include")):
        for path in _listed(item.get("path") if isinstance(item, Mapping) else item):
            yield folder / str(path)
    services = data.get("services")
    for service in services.values() if isinstance(services, Mapping) else ():
        extends = service.get("extends") if isinstance(service, Mapping) else None
        if isinstance(extends, Mapping) and isinstance(extends.get("file"), str):
            yield folder / extends["file"]


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
