"""What prevents a recovery, as text: which routes fail and how, and which get no requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from drills.impact.baseline import Baseline
from drills.impact.rules import MAX_SHARE, MIN_EXPECTED
from drills.impact.windows import RouteCount, count_routes
from drills.model.events import TrafficSecond

#: How many routes are named, and how many errors of each.
_ROUTES, _ERRORS = 3, 2


def hindrances(seconds: Sequence[TrafficSecond], baseline: Baseline | None = None) -> str:
    """The routes whose users suffer in these seconds, the worst first, with their most frequent errors.

    With a baseline also the routes of it on which nobody is answered: users count as well only when each answers again.
    Empty when there are none.
    """
    counts = count_routes(seconds)
    bad = sorted(
        (name for name, count in counts.items() if count.share > MAX_SHARE),
        key=lambda name: (-counts[name].suffering, name),
    )
    told = [f"{name}: {_suffering(counts[name], _errors(seconds, name))}" for name in bad]
    told += [f"{name}: nobody asks it, as users did before the fault" for name in _unasked(counts, seconds, baseline)]
    more = [f"and {len(told) - _ROUTES} more"] if len(told) > _ROUTES else []
    return "; ".join([*told[:_ROUTES], *more])


def _unasked(counts: dict[str, RouteCount], seconds: Sequence[TrafficSecond], baseline: Baseline | None) -> list[str]:
    routes = {} if baseline is None else baseline.routes
    wanted = [name for name, route in routes.items() if route.rate * len(seconds) >= MIN_EXPECTED]
    return [name for name in sorted(wanted) if name not in counts or not counts[name].asked]


def _suffering(count: RouteCount, errors: Counter[str]) -> str:
    named = ", ".join(error for error, _ in errors.most_common(_ERRORS))
    kinds = {
        f"failed ({named})" if named else "failed": count.failed,
        "too slow": count.slow,
        "not answered yet": count.overdue,
        "not sent, for their users still waited": count.missed,
    }
    told = ", ".join(f"{number} {kind}" for kind, number in kinds.items() if number)
    return f"of {count.asked} requests {told}"


def _errors(seconds: Sequence[TrafficSecond], route: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for second in seconds:
        if route in second.routes:
            found.update(second.routes[route].errors)
    return found
