"""What a sandbox does not have, in the place of the capability: it says so itself."""

from __future__ import annotations

from typing import Any, NoReturn

from drills.errors import NotSupported


class _Absent:
    def __init__(self, why: str) -> None:
        self._why = why

    def __getattr__(self, name: str) -> NoReturn:
        raise NotSupported(self._why)


def absent(why: str) -> Any:
    """In the place of any capability: whatever is asked of it raises NotSupported with this reason."""
    return _Absent(why)
