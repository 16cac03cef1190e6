"""What was done to a sandbox of the included system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from drills.sandbox import change_history, release_line
from drills.sandbox.capabilities.changes import Change
from drills.sandbox.state import StateStore


class ShopChanges:
    """See `drills.sandbox.capabilities.changes.Changes`."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def list(self, since: timedelta | None = None) -> Sequence[Change]:
        return change_history.listed(self._store.read(), since, datetime.now(UTC))

    def history(self) -> dict[str, Any]:
        """How many changes were noted, and what was deployed when."""
        state = self._store.read()
        return {"changes": state.changes_noted, "deployed": release_line.history(state)}

    def forget_since(self, history: Mapping[str, Any]) -> None:
        """A drill's changes are no longer told once they are undone; of an older fingerprint it is not known."""
        if noted := history.get("changes"):
            change_history.forget_after(self._store, noted)
        if deployed := history.get("deployed"):
            release_line.bring_back(self._store, deployed)
