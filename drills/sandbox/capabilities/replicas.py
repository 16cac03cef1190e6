"""How many replicas a service has."""

from __future__ import annotations

from typing import Protocol


class Replicas(Protocol):
    def scale(self, replicas: int) -> None:
        """Add what is missing, take away what is too much. Raises BadInput for a number that cannot be had."""
        ...
