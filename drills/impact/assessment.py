"""What users suffered, and whether they have recovered: measured, never declared.

    baseline ──► fault ──► first bad window ─── bad … bad ───► well, well, well … for the settle time
                           │ first_impact                   │ settled_since
                           └ its first suffering request    └ the last suffering request before

`drills.impact.rules` has the numbers, and says them in words for the report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from drills.impact.baseline import Baseline, baseline_of
from drills.impact.reliability import problem_of
from drills.impact.rules import (
    CREDIT_GRACE,
    DEGRADED_EXCESS,
    MAX_SHARE,
    MIN_EXPECTED,
    MIN_LOAD,
    MIN_SUFFERING,
    RULES,
    WINDOW,
)
from drills.impact.totals import totals_of
from drills.impact.windows import Window, count_routes, first_suffering, last_suffering, suffers, windows
from drills.model.events import (
    ActionTaken,
    Actor,
    DrillAborted,
    DrillEnded,
    EnvironmentLost,
    FaultApplied,
    ResponderKind,
    StepFinished,
    TrafficSecond,
)
from drills.model.scorecard import Impact, Recovery
from drills.model.timeline import Timeline

__all__ = ["RULES", "ImpactAssessment", "assess", "bad_routes", "scored_until"]


@dataclass(frozen=True, slots=True)
class ImpactAssessment:
    """Users' fate so far. Times are t of the drill.

    `settled_since` is None unless users have been well since then, for at least the scenario's settle time, up to
    the last second of traffic. `well_since` is the same without the settle time having passed. `lulls` are the
    stretches of at least the settle time in which users were well before a relapse. `recovery` says of what kind it
    is; the responder is credited with `full` and `degraded`. `problem` tells why this traffic proves nothing; the drill
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


def ended_at(timeline: Timeline) -> datetime:
    """The wall time of the last event that is scored."""
    end = scored_until(timeline)
    return max(
        (event for event in timeline if event.t <= end), key=lambda event: (event.t, event.at), default=timeline.start
    ).at


def assess(timeline: Timeline) -> ImpactAssessment:
    """Measure what users suffered and whether they have recovered. Cheap enough for every second of a running drill."""
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
        totals=totals_of(timeline, after, baseline.p95, course.suffered),
        problem=problem_of(timeline, seconds, baseline, horizon),
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
    until: float | None = None

    @property
    def suffered(self) -> float | None:
        """Seconds from the first impact to the recovery, or to the last second that was measured."""
        end = self.settled_since if self.settled_since is not None else self.until
        return round(end - self.first_impact, 3) if end is not None and self.first_impact is not None else None


def _course(after: Sequence[TrafficSecond], baseline: Baseline, since: float, settle: float) -> _Course:
    course, known_well = _Course(until=after[-1].t if after else None), since
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
    """Whether less load than before was offered, sent or answered: having no errors under it proves nothing."""
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
    """Whether the responder, if there was one, began to change something no later than users recovered."""
    if timeline.start.responder is ResponderKind.NONE:
        return False
    changes = (
        event
        for event in timeline
        if isinstance(event, ActionTaken | StepFinished) and not event.read_only and event.by is Actor.RESPONDER
    )
    return any(change.t >= injected and change.t - change.seconds <= recovered + CREDIT_GRACE for change in changes)
