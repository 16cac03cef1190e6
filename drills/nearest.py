"""The nearest known name for a mistyped one."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

#: Of more names only this many before and after the wrong one are compared: a file may have thousands of slips.
_COMPARED = 100
#: Names that a message lists.
_LISTED = 30


def nearest(wrong: str, known: Iterable[str]) -> str | None:
    """The known name that was most likely meant; None when none is near."""
    names = _ordered(frozenset(known))
    folded = _folded(wrong)
    at = bisect(names, (folded, ""))
    among = dict(names[max(0, at - _COMPARED) : at + _COMPARED])
    near = get_close_matches(folded, list(among), n=1, cutoff=0.6)
    return among[near[0]] if near else None


def suggest(wrong: str, known: Iterable[str]) -> str:
    """What to write instead: the nearest name, or else all of them. Quick again and again for the same frozenset."""
    names = frozenset(known)
    near = nearest(wrong, names)
    if near is not None:
        return f"did you mean {near}?"
    if not names:
        return "there are none"
    more = f" … ({len(names):,} in all)" if len(names) > _LISTED else ""
    return f"known: {', '.join(_sorted(names)[:_LISTED])}{more}"


@lru_cache(maxsize=16)
def _sorted(names: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(names))


@lru_cache(maxsize=16)
def _ordered(names: frozenset[str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((_folded(name), name) for name in names))


def _folded(name: str) -> str:
    return name.lower().replace("_", "-")
