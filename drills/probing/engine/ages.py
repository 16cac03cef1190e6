"""How long something is, or was ago, in the words of a person."""

from __future__ import annotations

_UNITS = (("day", 86_400.0), ("hour", 3600.0), ("minute", 60.0))


def roughly(seconds: float) -> str:
    """`40 seconds`, `12 minutes`, `3 hours`, `90 days`: the largest unit that fits, rounded down; without a sign."""
    seconds = abs(seconds)
    for unit, size in _UNITS:
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    count = int(seconds)
    return f"{count} second{'' if count == 1 else 's'}"
