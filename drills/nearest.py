"""The nearest known name for a mistyped one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(wrong: str, known: Iterable[str]) -> str | None:
    """The known name that was most likely meant; None when none is near."""
    folded = {_folded(name): name for name in sorted(known)}
    near = get_close_matches(_folded(wrong), list(folded), n=1, cutoff=0.6)
    return folded[near[0]] if near else None


def suggest(wrong: str, known: Iterable[str]) -> str:
    """What to write instead: the nearest name, or else all of them."""
    names = sorted(known)
    near = nearest(wrong, names)
    if near is not None:
        return f"did you mean {near}?"
    return f"known: {', '.join(names)}" if names else "there are none"


def _folded(name: str) -> str:
    return name.lower().replace("_", "-")
