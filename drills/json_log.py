"""What the service says: one line of JSON for each thing that happens."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime

from drills.clock import Clock
from drills.model.visible import visible_json

Value = str | int | float | bool | Sequence[str] | None


class JsonLog:
    """Writes structured lines. What has no value is left out."""

    def __init__(self, write: Callable[[str], None], clock: Clock) -> None:
        self._write = write
        self._clock = clock

    def say(self, what: str, *, at: datetime | None = None, **fields: Value) -> None:
        """One line: the time, what happened, and its details."""
        moment = (at or self._clock.now()).isoformat(timespec="milliseconds")
        shown = {name: value for name, value in fields.items() if value not in (None, "", ())}
        self._write(visible_json(json.dumps({"at": moment, "event": what, **shown}, ensure_ascii=False)))
