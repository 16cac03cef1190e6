"""The certificate that users meet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Certificate:
    """`subject` and `issuer` are their common names, `names` those that it is valid for."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime


class InstalledCertificate(Protocol):
    def read(self) -> Certificate:
        """The one that is installed."""
        ...

    def renew(self, valid_for: timedelta = timedelta(days=90)) -> None:
        """Install a new one and let it be loaded; a negative `valid_for` gives one that has expired."""
        ...
