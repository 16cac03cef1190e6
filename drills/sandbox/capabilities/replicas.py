"""How many replicas a service has."""

from __future__ import annotations

from typing import Protocol


class Replicas(Protocol):
    def scale(self, replicas: int, service: str | None = None) -> None:
        """Add what is missing, take away what is too much; of the one service that can be scaled, or of that one.

        Raises BadInput for a number or a service that cannot be had.
        """
        ...
