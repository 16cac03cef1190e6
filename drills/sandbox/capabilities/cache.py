"""A cache that speaks Redis' protocol, asked directly: around any proxy."""

from __future__ import annotations

from typing import Any, Protocol


class Cache(Protocol):
    def command(self, *words: str) -> Any:
        """Run one Redis command. Raises BadInput when it is refused, EnvironmentFailed when there is no answer."""
        ...
