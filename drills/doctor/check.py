"""One thing that was checked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """`mend` says what to do when it is not well."""

    name: str
    well: bool
    says: str
    mend: str = ""
