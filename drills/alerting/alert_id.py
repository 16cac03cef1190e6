"""The id of an alert: its key, and the number of this alert among those of that key."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AlertId:
    """As text, in events and in the store: `health_failing#2`."""

    key: str
    number: int

    def __str__(self) -> str:
        return f"{self.key}#{self.number}"

    @classmethod
    def parse(cls, text: str) -> AlertId:
        """What `str` wrote; a key may itself contain a '#'. Raises ValueError for what has no number."""
        key, _, number = text.rpartition("#")
        return cls(key, int(number))
