"""A cache that speaks Redis' protocol, asked directly: around any proxy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Cache(Protocol):
    """Every call raises BadInput when the server refuses, EnvironmentFailed when it does not answer in time."""

    @property
    def service(self) -> str: ...

    def command(self, *words: str) -> Any: ...

    def used_memory(self) -> int:
        """Bytes, as its limit counts them."""
        ...

    def setting(self, name: str) -> str: ...

    def set(self, name: str, value: str) -> None: ...

    def clients(self) -> Sequence[Mapping[str, str]]: ...

    def state(self) -> dict[str, str]:
        """The settings that a drill may change."""
        ...

    def restore(self, state: Mapping[str, str]) -> tuple[str, ...]:
        """Bring them back; returns what had to be changed."""
        ...


class Caches(Protocol):
    """Those of a sandbox, by the names of their services."""

    def of(self, service: str | None = None) -> Cache:
        """The one of that service, or without a name the only one.

        Raises BadInput when there is none, or several and none is named; EnvironmentFailed when it does not run.
        """
        ...
