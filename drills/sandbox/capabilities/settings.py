"""Values that can be changed while the system runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Settings(Protocol):
    def values(self) -> Mapping[str, str | None]:
        """Each setting with its present value; None for a variable that is not set."""
        ...

    @property
    def secret(self) -> frozenset[str]:
        """The names of the settings whose values are not to be shown."""
        ...

    def set(self, changes: Mapping[str, str | None]) -> None:
        """Change settings, and restart the services that they belong to.

        Raises BadInput with the known names, NotReady when they were changed and a service does not answer with them.
        """
        ...
