"""What monitoring saw: the alerts, and how each probe fared."""

from __future__ import annotations

from dataclasses import dataclass

from drills.model import events as e
from drills.model.durations import humane
from drills.model.playbook import Milestone
from drills.model.probe import Outcome, ProbeSpec, probe_from
from drills.model.scorecard import Scorecard
from drills.model.timeline import Timeline
from drills.reporting.sections.moments import Moment
from drills.reporting.wording import one_line


@dataclass(frozen=True, slots=True)
class AlertLine:
    """One alert from firing to resolving. `after` is the time since the first user impact, if that came first."""

    level: str
    title: str
    reason: str
    probe: str
    fired: Moment
    after: str
    changes: tuple[str, ...]
    resolved: Moment | None


@dataclass(frozen=True, slots=True)
class HeldBack:
    """An alert that was not raised because one that explains it was open."""

    key: str
    because: str


@dataclass(frozen=True, slots=True)
class ProbeLine:
    """All checks of one probe. `failed_first` and `failed_last` span its failures."""

    probe: str
    kind: str
    role: str
    checks: int
    degraded: int
    failed: int
    unknown: int
    failed_first: Moment | None
    failed_last: Moment | None
    why: str


def alert_lines(timeline: Timeline, card: Scorecard) -> tuple[AlertLine, ...]:
    """Every alert, in the order in which they fired."""
    impact = card.milestones.get(Milestone.FIRST_IMPACT)
    return tuple(_alert(timeline, fired, impact) for fired in timeline.all(e.AlertFired))


def _alert(timeline: Timeline, fired: e.AlertFired, impact: float | None) -> AlertLine:
    changes = [event for event in timeline.all(e.AlertChanged) if event.alert_id == fired.alert_id]
    resolved = next((event for event in timeline.all(e.AlertResolved) if event.alert_id == fired.alert_id), None)
    if impact is None:
        after = "no user suffered"
    else:
        after = f"{humane(abs(fired.t - impact))} {'after' if fired.t >= impact else 'before'} first impact"
    return AlertLine(
        level=fired.level,
        title=one_line(fired.title),
        reason=one_line(fired.reason),
        probe=fired.probe or "",
        fired=Moment(fired.t, fired.at),
        after=after,
        changes=tuple(
            f"{event.level} at {Moment(event.t, event.at).clock}: {one_line(event.reason)}" for event in changes
        ),
        resolved=None if resolved is None else Moment(resolved.t, resolved.at),
    )


def held_back(timeline: Timeline) -> tuple[HeldBack, ...]:
    """Each key and reason once."""
    pairs = {(event.key, event.because): None for event in timeline.all(e.AlertSuppressed)}
    return tuple(HeldBack(one_line(key), one_line(because)) for key, because in pairs)


def probe_lines(timeline: Timeline) -> tuple[ProbeLine, ...]:
    """Every probe of the drill from each vantage, also one that never checked; empty without any check."""
    if timeline.first(e.ProbeObserved) is None:
        return ()
    checks: dict[tuple[str, str], list[e.ProbeObserved]] = {
        (spec.name, vantage): [] for spec in timeline.start.probes for vantage in spec.checked_from
    }
    for check in timeline.all(e.ProbeObserved):
        checks.setdefault((check.probe, check.vantage), []).append(check)
    specs = {spec.name: spec for spec in timeline.start.probes}
    return tuple(
        _probe(probe_from(name, vantage), specs[name].kind if name in specs else "", _role(specs, name), seen)
        for (name, vantage), seen in checks.items()
    )


def _role(specs: dict[str, ProbeSpec], name: str) -> str:
    role = specs[name].role if name in specs else None
    return "" if role is None else role.value


def _probe(name: str, kind: str, role: str, checks: list[e.ProbeObserved]) -> ProbeLine:
    failed = [check for check in checks if check.outcome is Outcome.FAIL]
    unwell = failed or [check for check in checks if check.outcome in (Outcome.DEGRADED, Outcome.UNKNOWN)]
    return ProbeLine(
        probe=name,
        kind=kind,
        role=role,
        checks=sum(not check.unanswered for check in checks),
        degraded=sum(check.outcome is Outcome.DEGRADED and not check.unanswered for check in checks),
        failed=len(failed),
        unknown=sum(check.outcome is Outcome.UNKNOWN for check in checks),
        failed_first=Moment(failed[0].t, failed[0].at) if failed else None,
        failed_last=Moment(failed[-1].t, failed[-1].at) if failed else None,
        why=one_line(unwell[0].reason) if unwell else "",
    )
