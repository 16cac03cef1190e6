"""How the points of a duty fall with the time that it took: three curves, each without a jump (docs/scoring.md, 5)."""

from __future__ import annotations

#: The share of the weight at the limit.
AT_THE_LIMIT = 0.7
#: A duty that is done within this share of its limit earns all of its weight.
FULL_UNTIL = 0.25


def done(x: float, limit: float) -> float:
    """The share of the weight for a duty that was done `x` seconds after its clock began."""
    if limit <= 0.0:
        return _at_once(x)
    quarter = limit * FULL_UNTIL
    if x <= quarter:
        return 1.0
    if x <= limit:
        return 1.0 - (1.0 - AT_THE_LIMIT) * (x - quarter) / (limit - quarter)
    return max(0.0, AT_THE_LIMIT * (3.0 * limit - x) / (2.0 * limit))


def left_open(x: float, limit: float) -> float:
    """The same for a duty that was not done, its incident being closed after `x` seconds."""
    if limit <= 0.0 or x <= limit:
        return done(x, limit)
    return max(0.0, AT_THE_LIMIT * (2.0 * limit - x) / limit)


def ordered(x: float, limit: float) -> float:
    """The same for what is not better for being early: cadence and escalation."""
    if limit <= 0.0:
        return _at_once(x)
    if x <= limit:
        return 1.0
    return max(0.0, (2.0 * limit - x) / limit)


def _at_once(x: float) -> float:
    """Where a limit leaves no time at all."""
    return 1.0 if x <= 0.0 else 0.0
