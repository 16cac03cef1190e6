"""The total impact on users, from the fault to the end of the drill."""

from __future__ import annotations

from collections.abc import Sequence

from drills.impact.windows import count_routes
from drills.model.events import TrafficEnded, TrafficSecond
from drills.model.scorecard import Impact
from drills.model.timeline import Timeline


def totals_of(
    timeline: Timeline, after: Sequence[TrafficSecond], baseline_p95: float | None, seconds: float | None
) -> Impact:
    """The sums over the seconds after the fault; `seconds` is how long users suffered.

    The share is of all requests since the fault, those of the settle time too. A request that is overdue at the end
    counts as slow.
    """
    counts = count_routes(after)
    asked = sum(count.asked for count in counts.values())
    suffering = sum(count.suffering for count in counts.values())
    errors: dict[str, int] = {}
    for second in after:
        for route in second.routes.values():
            for reason, number in route.errors.items():
                errors[reason] = errors.get(reason, 0) + number
    ended = timeline.last(TrafficEnded)
    return Impact(
        requests=asked,
        failed=sum(count.failed for count in counts.values()),
        slow=sum(count.slow + count.overdue for count in counts.values()),
        missed=sum(count.missed for count in counts.values()),
        users=max((second.users for second in after), default=0),
        users_suffered=ended.users_suffered if ended else max((second.users_suffering for second in after), default=0),
        share=round(suffering / asked, 4) if asked else 0.0,
        baseline_p95=baseline_p95,
        seconds=seconds,
        errors=dict(sorted(errors.items())),
        by_route={name: count.suffering for name, count in sorted(counts.items()) if count.suffering},
    )
