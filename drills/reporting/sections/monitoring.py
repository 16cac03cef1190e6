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
    """All looks of one probe. `failed_first` and `failed_last` span its failures."""

    probe: str
    kind: str
    role: str
    looks: int
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
    """Every probe of the drill from each vantage, also one that never looked; empty without any look."""
    if timeline.first(e.ProbeObserved) is None:
        return ()
    looks: dict[tuple[str, str], list[e.ProbeObserved]] = {
        (spec.name, vantage): [] for spec in timeline.start.probes for vantage in spec.looked_from
    }
    for look in timeline.all(e.ProbeObserved):
        looks.setdefault((look.probe, look.vantage), []).append(look)
    specs = {spec.name: spec for spec in timeline.start.probes}
    return tuple(
        _probe(probe_from(name, vantage), specs[name].kind if name in specs else "", _role(specs, name), seen)
        for (name, vantage), seen in looks.items()
    )


def _role(specs: dict[str, ProbeSpec], name: str) -> str:
    role = specs[name].role if name in specs else None
    return "" if role is None else role.value


def _probe(name: str, kind: str, role: str, looks: list[e.ProbeObserved]) -> ProbeLine:
    failed = [look for look in looks if look.outcome is Outcome.FAIL]
    unwell = failed or [look for look in looks if look.outcome in (Outcome.DEGRADED, Outcome.UNKNOWN)]
    return ProbeLine(
        probe=name,
        kind=kind,
        role=role,
        looks=len(looks),
        degraded=sum(look.outcome is Outcome.DEGRADED for look in looks),
        failed=len(failed),
        unknown=sum(look.outcome is Outcome.UNKNOWN for look in looks),
        failed_first=Moment(failed[0].t, failed[0].at) if failed else None,
        failed_last=Moment(failed[-1].t, failed[-1].at) if failed else None,
        why=one_line(unwell[0].reason) if unwell else "",
    )
