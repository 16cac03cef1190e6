"""The result of one check."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """`fix` says how to fix it when the check failed."""

    name: str
    ok: bool
    says: str
    fix: str = ""
