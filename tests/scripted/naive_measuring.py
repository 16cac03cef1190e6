"""What the naive scoring takes as measured: incidents, their milestones, and the levels that held. See naive.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fnmatch import fnmatchcase

from drills.impact.assessment import ImpactAssessment, assess
from drills.impact.baseline import baseline_of
from drills.impact.traffic_metrics import traffic_metrics
from drills.impact.windows import Window
from drills.model import events as e
from drills.model.business_time import due
from drills.model.conditions import compile_condition
from drills.model.playbook import Limit, Urgency
from drills.model.probe import Outcome
from drills.model.timeline import Timeline


@dataclass(frozen=True)
class Change:
    t: float
    seconds: float
    words: str
    who: str

    @property
    def rollback(self) -> bool:
        return self.words.startswith("rollback")


@dataclass(frozen=True)
class Incident:
    """One incident; times are t of the drill. `reached` are the levels that held, with since when, the worst last."""

    number: int
    start: float
    end: float
    began: float
    affected: bool
    detected: float | None
    detected_by: str | None
    response: float
    recovered: float | None
    mitigated: float | None
    all_clear: float | None
    closed: float
    reached: tuple[tuple[str, float], ...]
    pages: tuple[tuple[str, float, float | None], ...]
    changes: tuple[Change, ...]
    suffering: tuple[tuple[float, float], ...]
    roles: tuple[tuple[float, dict[str, bool]], ...]

    @property
    def served(self) -> bool:
        return self.mitigated is not None or not self.affected

    def without_closing(self) -> Incident:
        return replace(self, all_clear=None, closed=self.end)

    @property
    def levels(self) -> tuple[tuple[str, float], ...]:
        """Those that held before the incident was closed."""
        return tuple((name, since) for name, since in self.reached if since <= self.closed)

    def level_at(self, t: float) -> str | None:
        held = [name for name, since in self.levels if since <= t]
        return held[-1] if held else None

    def roles_at(self, t: float) -> dict[str, bool]:
        known = [values for moment, values in self.roles if moment <= t]
        return known[-1] if known else {}


def person_acts(timeline: Timeline) -> list[e.Base]:
    return list(
        timeline.all(
            e.Acknowledged, e.SeverityDeclared, e.CommanderNamed, e.UpdatePosted, e.StepChecked, e.Decided,
            e.CauseNamed, e.Escalated, e.HintTaken, e.AllClear,
        )
    )  # fmt: skip


def without_pauses(timeline: Timeline) -> Timeline:
    """The timeline on the drill's clock, which stands still while it is paused; what was measured then is left out."""
    pauses: list[tuple[float, float]] = []
    for event in timeline:
        if isinstance(event, e.Paused):
            pauses.append((event.t, float("inf")))
        elif isinstance(event, e.Resumed) and pauses:
            pauses[-1] = (pauses[-1][0], event.t)
    if not pauses:
        return timeline

    def on_clock(t: float) -> float:
        return t - sum(max(0.0, min(t, b) - a) for a, b in pauses if t > a)

    kept: list[e.Event] = []
    for event in timeline:
        if isinstance(event, e.TrafficSecond | e.ProbeObserved) and any(a < event.t <= b for a, b in pauses):
            continue
        moved: dict[str, float] = {"t": on_clock(event.t)}
        if (
            isinstance(event, e.TrafficSecond)
            and event.first_suffering is not None
            and event.last_suffering is not None
        ):
            moved["first_suffering"] = on_clock(event.first_suffering)
            moved["last_suffering"] = on_clock(event.last_suffering)
        if isinstance(event, e.Corrected):
            moved["when"] = on_clock(event.when)
        kept.append(event.model_copy(update=moved))
    return Timeline(kept)


class Measured:
    """What was measured in a drill, kept by stretch of time: many responses to the same disturbance share it."""

    def __init__(self) -> None:
        self._parts: dict[tuple[float, float], _Part] = {}

    def part(self, timeline: Timeline, start: float, end: float, *, last: bool) -> _Part:
        if (start, end) not in self._parts:
            impact = assess(_cut(timeline, start, end, last=last))
            began = impact.first_impact if impact.first_impact is not None else start
            levels, roles = _levels(timeline, start, end, began)
            self._parts[start, end] = _Part(
                impact.first_impact, impact.settled_since, levels, roles, _suffering(impact, end)
            )
        return self._parts[start, end]


@dataclass(frozen=True)
class _Part:
    first_impact: float | None
    settled_since: float | None
    levels: list[tuple[int, float]]
    roles: tuple[tuple[float, dict[str, bool]], ...]
    suffering: tuple[tuple[float, float], ...]


def incidents_of(timeline: Timeline, measured: Measured | None = None) -> list[Incident]:
    """A new incident begins with a fault that the scenario calls one, or that comes after an all-clear that closed."""
    injections, measured = timeline.start.scenario.timeline, measured or Measured()
    ended = timeline.first(e.DrillEnded)
    end = ended.t if ended is not None else timeline.ended
    found: list[Incident] = []
    start: float | None = None
    for fault in timeline.all(e.FaultApplied):
        if start is not None and fault.t > start:
            before = _incident(timeline, measured, len(found), start, fault.t, last=False)
            new = fault.fault < len(injections) and injections[fault.fault].new_incident
            if not new and before.all_clear is None:
                continue
            found.append(before)
        start = fault.t
    assert start is not None, "a control drill has no incident"
    return [*found, _incident(timeline, measured, len(found), start, end, last=True)]


def _incident(timeline: Timeline, measured: Measured, number: int, start: float, end: float, *, last: bool) -> Incident:
    scenario, playbook = timeline.start.scenario, timeline.start.playbook
    part = measured.part(timeline, start, end, last=last)
    affected = part.first_impact is not None
    began = part.first_impact if part.first_impact is not None else start
    changes = tuple(
        change for change in _changes(timeline) if start <= change.t and (change.t <= end if last else change.t < end)
    )
    mitigated = part.settled_since
    if mitigated is not None and not _credited(timeline, changes, mitigated):
        mitigated = None
    detected, by = _detection(timeline, start, end, last=last)
    within = scenario.expect.detected_within
    latest = began + within.total_seconds() if within is not None else None
    moments = [moment for moment in (detected, latest) if moment is not None]
    response = min(moments) if moments else began
    recovered = part.settled_since if affected else start
    clears = [
        clear.t
        for clear in timeline.all(e.AllClear)
        if recovered is not None and max(recovered, response) <= clear.t and (clear.t <= end if last else clear.t < end)
    ]
    closed = clears[0] if clears else end
    return Incident(
        number=number, start=start, end=end, began=began, affected=affected, detected=detected, detected_by=by,
        response=response, recovered=recovered, mitigated=mitigated,
        all_clear=clears[0] if clears else None, closed=closed,
        reached=tuple((playbook.levels[rank].name, since) for rank, since in part.levels),
        pages=_pages(timeline, start, closed, by), changes=changes, suffering=part.suffering, roles=part.roles,
    )  # fmt: skip


def _cut(timeline: Timeline, start: float, end: float, *, last: bool) -> Timeline:
    """The timeline as if this incident were the only one."""
    kept = []
    for event in timeline:
        if isinstance(event, e.FaultApplied | e.DrillEnded) and (event.t < start or event.t > end):
            continue
        if event.t <= end and not (not last and event.t == end and not isinstance(event, e.TrafficSecond)):
            kept.append(event)
    if not last:
        kept.append(e.DrillEnded(t=end, at=timeline.start.at, reason=e.EndReason.NOTHING_MORE_TO_COME, seq=10**9))
    return Timeline(kept)


def _changes(timeline: Timeline) -> list[Change]:
    found = []
    for event in timeline.all(e.ActionTaken, e.StepFinished):
        assert isinstance(event, e.ActionTaken | e.StepFinished)
        good = event.exit_status == 0 if isinstance(event, e.ActionTaken) else event.ok
        if not event.read_only and event.by is e.Actor.RESPONDER and good:
            words = " ".join(event.command.lower().split()).removeprefix("drills sandbox ")
            who = event.who if isinstance(event, e.ActionTaken) else ""
            found.append(Change(event.t, event.seconds, words, who))
    return found


def _credited(timeline: Timeline, changes: Sequence[Change], last_suffering_request: float) -> bool:
    if timeline.start.responder is e.ResponderKind.NONE:
        return False
    remedies = timeline.start.remedies
    return any(
        change.t - change.seconds <= last_suffering_request + 1.0
        and (not remedies or any(fnmatchcase(change.words, remedy) for remedy in remedies))
        for change in changes
    )


def _detection(timeline: Timeline, start: float, end: float, *, last: bool) -> tuple[float | None, str | None]:
    """The first alert after the fault about something of which none was open, on evidence from after the fault."""
    open_before: set[str] = set()
    for event in timeline:
        if event.t < start and isinstance(event, e.AlertFired):
            open_before.add(event.alert_id)
        elif isinstance(event, e.AlertResolved):
            open_before.discard(event.alert_id)
        if event.t < start or event.t > end or (event.t == end and not last):
            continue
        if isinstance(event, e.AlertFired):
            keys = {alert.key for alert in timeline.all(e.AlertFired) if alert.alert_id in open_before}
            if event.key not in keys and _evidence(timeline, event.probe, event.t) >= start:
                return event.t, event.alert_id
        elif isinstance(event, e.AlertChanged) and _rises_to_page(timeline, event):
            probe = next(alert.probe for alert in timeline.all(e.AlertFired) if alert.alert_id == event.alert_id)
            if _evidence(timeline, probe, event.t) >= start:
                return event.t, event.alert_id
    return None, None


def _rises_to_page(timeline: Timeline, change: e.AlertChanged) -> bool:
    """Whether an alert that did not page does so now."""
    earlier = [
        event.level
        for event in timeline.all(e.AlertFired, e.AlertChanged)
        if isinstance(event, e.AlertFired | e.AlertChanged) and event.alert_id == change.alert_id and event.t < change.t
    ]
    return _pages_at(timeline, change.level) and not _pages_at(timeline, earlier[-1])


def _evidence(timeline: Timeline, probe: str | None, t: float) -> float:
    """t of the first of the failed checks in a row that ended by `t`."""
    began = float("inf")
    for check in timeline.all(e.ProbeObserved):
        if check.probe == probe and check.t <= t:
            if check.outcome is Outcome.FAIL:
                began = min(began, check.t)
            elif check.outcome is not Outcome.UNKNOWN:
                began = float("inf")
    return began


def _pages_at(timeline: Timeline, level: str) -> bool:
    return timeline.start.playbook.level(level).urgency is Urgency.HIGH


def _pages(
    timeline: Timeline, start: float, closed: float, by: str | None
) -> tuple[tuple[str, float, float | None], ...]:
    """The alerts that have to be acknowledged, when each began to page, and when it was resolved."""
    resolved = {event.alert_id: event.t for event in timeline.all(e.AlertResolved)}
    found: dict[str, float] = {}
    for event in timeline.all(e.AlertFired, e.AlertChanged):
        assert isinstance(event, e.AlertFired | e.AlertChanged)
        if event.t < start or (event.t > closed and event.alert_id != by):
            continue
        if event.alert_id == by or _pages_at(timeline, event.level):
            found.setdefault(event.alert_id, event.t)
    return tuple((alert_id, t, resolved.get(alert_id)) for alert_id, t in found.items())


def _suffering(impact: ImpactAssessment, end: float) -> tuple[tuple[float, float], ...]:
    """From the first impact to the final recovery, without stretches of recovery for the settle time."""
    if impact.first_impact is None:
        return ()
    edges = [impact.first_impact, *(edge for lull in impact.lulls for edge in lull)]
    edges.append(impact.settled_since if impact.settled_since is not None else end + 1.0)
    return tuple(zip(edges[::2], edges[1::2], strict=True))


def suffers_at(incident: Incident, t: float) -> bool:
    return any(first <= t < last for first, last in incident.suffering)


# ---- 4. the severity ------------------------------------------------------------------------------------------------


def _levels(
    timeline: Timeline, start: float, end: float, began: float
) -> tuple[list[tuple[int, float]], tuple[tuple[float, dict[str, bool]], ...]]:
    """The levels that held, as ranks with since when, the worst last; and what each role of probes said when."""
    playbook, truth = timeline.start.playbook, timeline.start.scenario.truth
    reached: list[tuple[float, int]] = [(began, len(playbook.levels) - 1)]
    if truth is not None and truth.severity_floor is not None:
        reached.append((start, min(truth.severity_floor.rank, len(playbook.levels) - 1)))
    holding: list[float | None] = [None] * len(playbook.thresholds)
    conditions = [compile_condition(threshold.when) for threshold in playbook.thresholds]
    roles: list[tuple[float, dict[str, bool]]] = []
    moments = _measured(timeline, start, end)
    for place, (t, values) in enumerate(moments):
        roles.append((t, {name: bool(value) for name, value in values.items() if isinstance(value, bool)}))
        until = moments[place + 1][0] if place + 1 < len(moments) else end
        for number, threshold in enumerate(playbook.thresholds):
            if conditions[number].holds(values) is not True:
                holding[number] = None
                continue
            since = holding[number]
            since = holding[number] = t if since is None else since
            holds_from = since + threshold.for_.total_seconds()
            if holds_from <= t or holds_from < until:
                reached.append((max(holds_from, start), playbook.rank(threshold.level)))
    worst, levels = len(playbook.levels), []
    for t, rank in sorted(reached):
        if t <= end and rank < worst:
            worst = rank
            if levels and levels[-1][1] == t:
                levels.pop()
            levels.append((rank, t))
    return levels, tuple(roles)


def _measured(timeline: Timeline, start: float, end: float) -> list[tuple[float, dict[str, float | bool]]]:
    """The metrics at the end of each second of traffic and at each check, from `start` to `end`."""
    role_of = {probe.name: probe.role for probe in timeline.start.probes}
    checks: dict[str, list[Outcome]] = {}
    values: dict[str, float | bool] = {}
    seconds: list[e.TrafficSecond] = []
    baseline = baseline_of(timeline)
    found = []
    for event in timeline:
        if event.t > end:
            break
        if isinstance(event, e.TrafficSecond):
            seconds = [*seconds, event][-10:]
            values = {**values, **traffic_metrics(Window.of(tuple(seconds)), baseline)}
        elif isinstance(event, e.ProbeObserved) and event.outcome is not Outcome.UNKNOWN:
            checks.setdefault(event.probe, []).append(event.outcome)
            down = {name for name, seen in checks.items() if seen[-2:] == [Outcome.FAIL, Outcome.FAIL]}
            values = {**values, **event.metrics, "probe_failing": bool(down)}
            for name, role in role_of.items():
                if role is not None and name in checks:
                    values[role.failing] = any(role_of[each] is role for each in down)
        else:
            continue
        if event.t >= start:
            if found and found[-1][0] == event.t:
                found.pop()
            found.append((event.t, values))
    return found


def limit_end(timeline: Timeline, limit: Limit, begin: float) -> float | None:
    """t of the end of a limit that begins at `begin`; None for one without a number."""
    if limit.within is not None:
        return begin + limit.within.total_seconds()
    if limit.business_days is None:
        return None
    started = timeline.start
    at = started.at + timedelta(seconds=begin - started.t)
    end = due(limit, at, started.playbook.business_time)
    return None if end is None else begin + (end - at).total_seconds()
