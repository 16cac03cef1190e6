"""What was done to a sandbox, as its operators may look it up; the changes of a drill are forgotten at its end.

The next drill's responder would otherwise find the former drill's fault as the first suspect.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from drills.sandbox.capabilities.changes import Change
from drills.sandbox.state import Deployment, NotedChange, SandboxState, StateStore

#: Older ones are forgotten.
KEPT = 200


def note(store: StateStore, what: str) -> None:
    """Keep a change of this moment."""
    state = store.read()
    kept = (*state.changes, NotedChange(at=datetime.now(UTC), what=what))[-KEPT:]
    store.change(changes=kept, changes_noted=state.changes_noted + 1)


def listed(state: SandboxState, since: timedelta | None, now: datetime) -> Sequence[Change]:
    """The newest first; those within the last `since`, or all that are kept."""
    found = [Change(kept.at, kept.what) for kept in state.changes if since is None or now - kept.at <= since]
    return found[::-1]


def forget_after(store: StateStore, noted: int) -> None:
    """Forget what was noted after so many changes had been."""
    state = store.read()
    if (surplus := state.changes_noted - noted) > 0:
        store.change(changes=state.changes[: max(0, len(state.changes) - surplus)], changes_noted=noted)


def first_changes(line: Sequence[Deployment]) -> tuple[NotedChange, ...]:
    """The history of a sandbox that has just begun: its releases."""
    return tuple(NotedChange(at=each.at, what=f"release {each.version} deployed") for each in line)


def told_settings(before: Mapping[str, str], after: Mapping[str, str], secrets: Collection[str]) -> str:
    """What differs between complete settings, in one line; of a secret only that it does."""
    texts = [
        f"setting {name} changed" if name in secrets else f"setting {name}: {_shown(before[name])} → {_shown(value)}"
        for name, value in sorted(after.items())
        if before[name] != value
    ]
    return ", ".join(texts)


def _shown(value: str) -> str:
    return value or "(empty)"


class NotedChanges:
    """See `drills.sandbox.capabilities.changes.Changes`."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def list(self, since: timedelta | None = None) -> Sequence[Change]:
        return listed(self._store.read(), since, datetime.now(UTC))
