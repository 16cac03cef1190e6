"""Stands for a capability that a sandbox does not have: using it raises NotSupported with the reason."""

from __future__ import annotations

from typing import Any, NoReturn

from drills.errors import NotSupported


class _Absent:
    def __init__(self, why: str) -> None:
        self._why = why

    def __getattr__(self, name: str) -> NoReturn:
        raise NotSupported(self._why)


def absent(why: str) -> Any:
    """Stands for any capability; every use of it raises NotSupported with this reason."""
    return _Absent(why)
