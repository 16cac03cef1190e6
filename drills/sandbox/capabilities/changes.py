"""What operators and pipelines did to a sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Change:
    """What an operator (or a pipeline) did to the sandbox; the value of a secret is not told."""

    at: datetime
    what: str


class Changes(Protocol):
    def list(self, since: timedelta | None = None) -> Sequence[Change]:
        """What was deployed, rolled back, set, scaled, resized or renewed, the newest first."""
        ...
