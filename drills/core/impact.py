"""What users suffered, and whether they are well again: measured, never declared.

    baseline ──► fault ──► first bad window ─── bad … bad ───► well, well, well … for the settle time
                           │ first_impact                   │ settled_since
                           └ its first suffering request    └ the last suffering request before

The rules below are the whole definition; `RULES` says them in words for the report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from drills.core.baseline import Baseline, baseline_of
from drills.core.events import (
    ActionTaken,
    DrillAborted,
    DrillEnded,
    EnvironmentLost,
    FaultApplied,
    StepFinished,
    TrafficEnded,
    TrafficSecond,
)
from drills.core.scorecard import Impact, Recovery
from drills.core.timeline import Timeline
from drills.core.windows import Window, count_routes, first_suffering, last_suffering, suffers, windows

#: Length in seconds of the trailing window in which users are judged.
WINDOW = 5
#: A route is bad with at least this many suffering requests in the window …
MIN_SUFFERING = 2
#: … if they are more than this share of its requests.
MAX_SHARE = 0.05
#: Users count as well only under at least this share of the load that was offered before.
MIN_LOAD = 0.90
#: A route of the baseline that should have had this many requests while settling must have answered one well.
MIN_EXPECTED = 5
#: Seconds without a report of the traffic after which a drill cannot be judged.
MAX_GAP = 3.0
#: Seconds that the generator may be behind its own plan while the app answers well …
MAX_LAG = 1.0
#: … for this many seconds in a row.
LAG_SECONDS = 3
#: A route is degraded when its share of fallback answers is this much over the baseline's.
DEGRADED_EXCESS = 0.10
#: Seconds after the last suffering request in which a repair may begin and still be what helped: the requests of a
#: quiet route are some time apart, so the last one that suffered lies a little before the repair.
CREDIT_GRACE = 1.0

RULES: tuple[str, ...] = (
    f"Users suffer while, in the last {WINDOW} s, a route has at least {MIN_SUFFERING} failed, slow, missed or overdue "
    f"requests and these are more than {MAX_SHARE:.0%} of its requests.",
    f"Users are well again when that has ended, with at least {MIN_LOAD:.0%} of the load from before the fault offered "
    "and answered, and every route answering, without a break for the scenario's settle time.",
    "The moment of mitigation is the time of the last suffering request before that.",
    f"A recovery with more than {DEGRADED_EXCESS:.0%} extra fallback answers on a route is a degraded one.",
    "A recovery before which the responder changed nothing is nobody's merit.",
    f"A drill in which the traffic's reports stop for over {MAX_GAP:.0f} s, or whose generator is over {MAX_LAG:.0f} s "
    f"behind for {LAG_SECONDS} s while the app answers well, is not valid.",
)


@dataclass(frozen=True, slots=True)
class ImpactAssessment:
    """Users' fate so far. Times are t of the drill.

    `settled_since` is None unless users have been well since then, for at least the scenario's settle time, up to
    the last second of traffic. `well_since` is the same without the settle time having passed. `lulls` are the
    stretches of at least the settle time in which users were well before a relapse. `recovery` says of what kind it
    is; only `full` and `degraded` are a responder's merit. `problem` tells why this traffic proves nothing; the drill
    is then invalid.
    """

    baseline: Baseline | None = None
    injected: float | None = None
    first_impact: float | None = None
    last_impact: float | None = None
    impacted_now: bool = False
    well_since: float | None = None
    settled_since: float | None = None
    recovery: Recovery = Recovery.NONE
    degraded: float = 0.0
    relapses: int = 0
    lulls: tuple[tuple[float, float], ...] = ()
    suffering_now: tuple[str, ...] = ()
    totals: Impact = field(default_factory=Impact)
    problem: str | None = None
    measured_until: float = 0.0

    @property
    def recovered_at(self) -> float | None:
        """t of the mitigation: settled, and by the responder; None otherwise."""
        return self.settled_since if self.recovery in (Recovery.FULL, Recovery.DEGRADED) else None


def scored_until(timeline: Timeline) -> float:
    """t of the end of what is scored: the drill's end, or the last event while it runs."""
    end = timeline.first(DrillEnded, DrillAborted, EnvironmentLost)
    return end.t if end is not None else timeline.ended


def assess(timeline: Timeline) -> ImpactAssessment:
    """Measure what users suffered and whether they are well. Cheap enough for every second of a running drill."""
    horizon = scored_until(timeline)
    baseline = baseline_of(timeline)
    fault = timeline.first(FaultApplied)
    injected = fault.t if fault is not None else None
    seconds = [second for second in timeline.all(TrafficSecond) if second.t <= horizon]
    if baseline is None:
        return ImpactAssessment(injected=injected, measured_until=seconds[-1].t if seconds else 0.0)
    since = injected if injected is not None else baseline.until
    after = [second for second in seconds if second.t > since]
    course = _course(after, baseline, since, timeline.start.scenario.settle.total_seconds())
    degraded = _degraded(course.settling, baseline)
    return ImpactAssessment(
        baseline=baseline,
        injected=injected,
        first_impact=course.first_impact,
        last_impact=course.last_impact,
        impacted_now=bool(course.suffering_now),
        well_since=course.well_since,
        settled_since=course.settled_since,
        recovery=_recovery(timeline, course, degraded, injected),
        degraded=degraded,
        relapses=len(course.lulls),
        lulls=tuple(course.lulls),
        suffering_now=course.suffering_now,
        totals=_totals(timeline, after, baseline, course),
        problem=_problem(timeline, seconds, baseline, horizon),
        measured_until=seconds[-1].t if seconds else 0.0,
    )


@dataclass(slots=True)
class _Course:
    """The walk through the windows after the fault; local to `_course`, then only read."""

    first_impact: float | None = None
    last_impact: float | None = None
    well_since: float | None = None
    settled_since: float | None = None
    lulls: list[tuple[float, float]] = field(default_factory=list)
    suffering_now: tuple[str, ...] = ()
    settling: Sequence[TrafficSecond] = ()


def _course(after: Sequence[TrafficSecond], baseline: Baseline, since: float, settle: float) -> _Course:
    course, known_well = _Course(), since
    for window in windows(after, WINDOW):
        bad = bad_routes(window, baseline)
        course.suffering_now = bad
        if bad:
            if course.first_impact is None:
                course.first_impact = max(since, first_suffering(window.seconds) or window.until)
            course.last_impact = max(since, last_suffering(window.seconds) or window.until)
            known_well = course.last_impact
        thin = _is_thin(window, baseline)
        if thin:
            known_well = max(known_well, _last_thin_second(window, baseline))
        if course.first_impact is None:
            continue
        if not bad and not thin:
            course.well_since = known_well if course.well_since is None else course.well_since
            continue
        before = window.until - 1.0
        if bad and course.well_since is not None and before - course.well_since >= settle:
            course.lulls.append((course.well_since, before))
        course.well_since = None
    if course.well_since is not None and after[-1].t - course.well_since >= settle:
        course.settling = [second for second in after if second.t > after[-1].t - settle]
        if _every_route_answers(course.settling, baseline):
            course.settled_since = course.well_since
    return course


def bad_routes(window: Window, baseline: Baseline) -> tuple[str, ...]:
    """The routes of the baseline whose users suffer in this window."""
    return tuple(
        name
        for name, count in sorted(window.routes.items())
        if name in baseline.routes and count.suffering >= MIN_SUFFERING and count.share > MAX_SHARE
    )


def _is_thin(window: Window, baseline: Baseline) -> bool:
    """Whether less load than before was offered, sent or answered: being well under it proves nothing."""
    length = len(window.seconds)
    return (
        _short(window.planned, baseline.planned * length)
        or _short(window.started, baseline.started * length)
        or _short(window.answered, baseline.answered * length)
    )


def _short(count: int, expected: float) -> bool:
    # Rounded down, so that one request that slips over a second's edge makes no window thin.
    return count < int(MIN_LOAD * expected) or (expected > 0 and count == 0)


def _last_thin_second(window: Window, baseline: Baseline) -> float:
    """The end of the last second that had too little load for another reason than that its users were waiting."""
    thin = [
        second.t
        for second in window.seconds
        if _short(second.planned, baseline.planned)
        or (_short(second.started, baseline.started) and not suffers(second))
    ]
    return max(thin, default=float("-inf"))


def _every_route_answers(settling: Sequence[TrafficSecond], baseline: Baseline) -> bool:
    counts = count_routes(settling)
    return all(
        name in counts and counts[name].ok > 0
        for name, route in baseline.routes.items()
        if route.rate * len(settling) >= MIN_EXPECTED
    )


def _degraded(settling: Sequence[TrafficSecond], baseline: Baseline) -> float:
    """The largest share of fallback answers of a route while settling, if clearly over the baseline's; else 0."""
    worst = 0.0
    for name, count in count_routes(settling).items():
        good = count.ok + count.slow
        before = baseline.routes[name].degraded if name in baseline.routes else 0.0
        if good and count.degraded / good - before > DEGRADED_EXCESS:
            worst = max(worst, count.degraded / good)
    return worst


def _recovery(timeline: Timeline, course: _Course, degraded: float, injected: float | None) -> Recovery:
    if course.settled_since is None:
        return Recovery.TEMPORARY if course.lulls else Recovery.NONE
    if injected is None or not _acted(timeline, injected, course.settled_since):
        return Recovery.SELF
    return Recovery.DEGRADED if degraded else Recovery.FULL


def _acted(timeline: Timeline, injected: float, recovered: float) -> bool:
    """Whether the responder began to change something after the fault and no later than users were well."""
    changes = (event for event in timeline if isinstance(event, ActionTaken | StepFinished) and not event.read_only)
    return any(change.t >= injected and change.t - change.seconds <= recovered + CREDIT_GRACE for change in changes)


def _totals(timeline: Timeline, after: Sequence[TrafficSecond], baseline: Baseline, course: _Course) -> Impact:
    counts = count_routes(after)
    asked = sum(count.asked for count in counts.values())
    suffering = sum(count.suffering for count in counts.values())
    errors: dict[str, int] = {}
    for second in after:
        for route in second.routes.values():
            for reason, number in route.errors.items():
                errors[reason] = errors.get(reason, 0) + number
    ended = timeline.last(TrafficEnded)
    end = course.settled_since if course.settled_since is not None else (after[-1].t if after else None)
    return Impact(
        requests=asked,
        failed=sum(count.failed for count in counts.values()),
        slow=sum(count.slow + count.overdue for count in counts.values()),
        missed=sum(count.missed for count in counts.values()),
        users=max((second.users for second in after), default=0),
        users_suffered=ended.users_suffered if ended else max((second.users_suffering for second in after), default=0),
        share=suffering / asked if asked else 0.0,
        baseline_p95=baseline.p95,
        seconds=end - course.first_impact if end is not None and course.first_impact is not None else None,
        errors=dict(sorted(errors.items())),
        by_route={name: count.suffering for name, count in sorted(counts.items()) if count.suffering},
    )


def _problem(timeline: Timeline, seconds: Sequence[TrafficSecond], baseline: Baseline, horizon: float) -> str | None:
    for name, count in sorted(baseline.counts.items()):
        if count.suffering >= MIN_SUFFERING and count.share > MAX_SHARE:
            return f"users of {name} suffered already before the fault ({count.suffering} of {count.asked} requests)"
    measured = [second for second in seconds if second.t > baseline.since]
    moments = [second.t for second in measured]
    if timeline.first(DrillEnded) is not None:
        moments.append(horizon)
    for before, now in pairwise(moments):
        if now - before > 1.0 + MAX_GAP:
            return f"the traffic was not measured for {now - before - 1.0:.1f} s after {before:.1f} s"
    late = 0
    for second in measured:
        late = late + 1 if second.lag > MAX_LAG and not suffers(second) else 0
        if late >= LAG_SECONDS:
            return f"the traffic generator was {second.lag:.1f} s behind its plan at {second.t:.1f} s"
    return None
