"""The nearest known name for a mistyped one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def suggest(wrong: str, known: Iterable[str], *, what: str = "known are") -> str:
    """What to write instead: the nearest name, or else all of them."""
    names = sorted(known)
    folded = {name.lower().replace("_", "-"): name for name in names}
    near = get_close_matches(wrong.lower().replace("_", "-"), list(folded), n=1, cutoff=0.6)
    if near:
        return f"did you mean {folded[near[0]]}?"
    return f"{what} {', '.join(names)}" if names else "there are none"
