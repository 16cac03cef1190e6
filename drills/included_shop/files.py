"""Files of configuration that drills may change."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from drills.sandbox.fingerprint import differences


class ConfigFiles:
    """Those of one folder, which may be absent."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def state(self) -> Mapping[str, str]:
        """Their texts, by their names."""
        with contextlib.suppress(FileNotFoundError):
            return {
                path.name: path.read_text(encoding="utf-8", errors="replace")
                for path in sorted(self._folder.iterdir())
                if path.is_file()
            }
        return {}

    def restore(self, state: Mapping[str, str]) -> tuple[str, ...]:
        before = self.state()
        for name in before.keys() - state.keys():
            (self._folder / name).unlink()
        for name, text in state.items():
            if before.get(name) != text:
                (self._folder / name).write_text(text, encoding="utf-8")
        return differences("files", before, state)
