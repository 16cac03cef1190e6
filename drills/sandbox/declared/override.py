"""What drills add to a team's compose file while something is in force: one override file, the sum of its parts.

    state.json: {releases: {services: …}, settings: {services: …}} ──► override.yaml ──► docker compose up

The parts are kept with the sandbox's state; the file is written from them before each use, so that one that was edited
or removed by hand does no harm. When nothing is in force there is no file, and Compose sees the owner's alone.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from drills.errors import EnvironmentFailed
from drills.file_replacement import replace_file
from drills.sandbox.state import StateStore

_HEAD = "# Written by drills, and written anew before each use: it is gone when nothing of theirs is in force.\n"


class Part(StrEnum):
    """Who has something in force; each writes its own part only."""

    RELEASES = "releases"
    SETTINGS = "settings"


class Override:
    """The override of one compose project. Parts are changed under the sandbox's change lock."""

    def __init__(self, store: StateStore, path: Path) -> None:
        self._store = store
        self._path = path

    def part(self, name: Part) -> Mapping[str, Any]:
        """What that part adds, as a fragment of a compose file; empty when it has nothing in force."""
        return self._store.read().override.get(name, {})

    def put(self, name: Part, fragment: Mapping[str, Any]) -> None:
        """Put a part in force, in place of the one before; an empty fragment takes it out.

        Its texts are literal: Compose fills in no variables. Containers are as before until the next `up` of them.
        """
        parts = {**self._store.read().override, str(name): dict(fragment)}
        self._store.change(override={each: part for each, part in parts.items() if part})
        self.file()

    def merged(self) -> dict[str, Any]:
        """The sum of all parts. Mappings are joined."""
        found: dict[str, Any] = {}
        for _, part in sorted(self._store.read().override.items()):
            found = _joined(found, part)
        return found

    def file(self) -> Path | None:
        """The file for `docker compose --file`, written anew; None, and no file, when nothing is in force.

        Raises EnvironmentFailed when it cannot be written.
        """
        merged = self.merged()
        try:
            if not merged:
                with contextlib.suppress(FileNotFoundError):
                    self._path.unlink()
                return None
            # JSON is YAML. It may hold a secret that was set.
            replace_file(self._path, _HEAD + json.dumps(_literal(merged), indent=2, sort_keys=True) + "\n")
        except OSError as error:
            raise EnvironmentFailed(f"{self._path}: cannot be written: {error.strerror or error}") from error
        return self._path


def _joined(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    joined = dict(one)
    for key, value in other.items():
        before = joined.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            joined[key] = _joined(before, value)
        else:
            joined[key] = value
    return joined


def _literal(value: Any) -> Any:
    """Without what Compose would take for a variable."""
    if isinstance(value, Mapping):
        return {key: _literal(each) for key, each in value.items()}
    return value.replace("$", "$$") if isinstance(value, str) else value
