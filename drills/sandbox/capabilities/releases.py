"""Versions that can be deployed and rolled back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Release:
    version: str
    summary: str
    deployed_at: datetime | None
    current: bool


class Releases(Protocol):
    @property
    def service(self) -> str:
        """The service that has them."""
        ...

    def refusal(self, version: str) -> str | None:
        """Why that version cannot be deployed; None when it can, as far as is known beforehand."""
        ...

    def list(self) -> Sequence[Release]:
        """Every release, the last deployed first; those never deployed at the end."""
        ...

    def deploy(self, version: str) -> None:
        """Replace the present release and wait until the service is ready.

        Raises BadInput for an unknown version, NotReady when it was deployed and does not answer.
        """
        ...

    def rollback(self, to: str | None = None) -> str:
        """Deploy the release that ran before (or `to`). Returns its version. Raises BadInput if there is none."""
        ...
