"""The key figures at the head of a report: what a director reads first."""

from __future__ import annotations

from dataclasses import dataclass

from drills.model.durations import humane, humane_limit
from drills.model.playbook import Milestone
from drills.model.scorecard import Recovery, Row, Scorecard, Topic, Verdict
from drills.model.timeline import Timeline
from drills.reporting.wording import count, latency, percent

#: A smaller share of errors is not what a drill was about.
_WORTH_TELLING = 0.05


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its name and a line beneath; `verdict` colours it."""

    label: str
    value: str
    note: str
    verdict: Verdict


def key_figures(card: Scorecard) -> tuple[Figure, ...]:
    """Detected, mitigated, users, requests, severity, what it was at worst; none for a drill that is not scored."""
    if not card.result.is_scored:
        return ()
    figures = (
        [_false_alarms(card)] if Milestone.INJECTED not in card.milestones else [_detected(card), _mitigated(card)]
    )
    if card.impact.requests:
        figures += [_users(card), _requests(card)]
    if card.severity.true_level or card.severity.declared:
        figures.append(_severity(card))
    if card.impact.worst_p95 is not None or card.impact.worst_error_rate is not None:
        figures.append(_worst(card))
    return tuple(figures)


def _deciding(card: Scorecard, milestone: Milestone) -> Row | None:
    rows = [
        row
        for row in card.rows
        if row.milestone is milestone and row.limit is not None and row.topic is Topic.MILESTONE
    ]
    return next((row for row in rows if row.decides), rows[0] if rows else None)


def _from_impact(card: Scorecard, milestone: Milestone) -> float | None:
    reached, impact = card.milestones.get(milestone), card.milestones.get(Milestone.FIRST_IMPACT)
    return None if reached is None or impact is None else reached - impact


def _limit(row: Row | None) -> str:
    if row is None or row.limit is None:
        return ""
    return f"limit {humane_limit(row.limit)} from {row.counted_from}"


def _detected(card: Scorecard) -> Figure:
    row, after = _deciding(card, Milestone.DETECTED), _from_impact(card, Milestone.DETECTED)
    verdict = row.verdict if row else Verdict.NOT_REQUIRED
    if Milestone.DETECTED not in card.milestones:
        return Figure("Detected", "not detected", _limit(row), verdict)
    if after is None:
        return Figure("Detected", "yes", "no user suffered", verdict)
    if after < 0:
        return Figure("Detected", f"{humane(-after)} ahead", "before the first user suffered", verdict)
    return Figure("Detected after", humane(after), _limit(row) or "from the first user impact", verdict)


def _mitigated(card: Scorecard) -> Figure:
    row, after = _deciding(card, Milestone.MITIGATED), _from_impact(card, Milestone.MITIGATED)
    verdict = row.verdict if row else Verdict.NOT_REQUIRED
    if after is None:
        least = row.actual if row and row.censored and row.actual else None
        note = f"users suffered for at least {humane(least)}" if least else _limit(row)
        return Figure("Mitigated", "not mitigated", note, verdict)
    degraded = ", degraded" if card.recovery is Recovery.DEGRADED else ""
    return Figure("Mitigated after", f"{humane(after)}{degraded}", _limit(row) or "from the first user impact", verdict)


def measured_by(timeline: Timeline) -> tuple[str, ...]:
    """The probes that played the drill's users; none when Locust did."""
    return timeline.start.scenario.traffic.journeys


def _users(card: Scorecard) -> Figure:
    suffered, users = card.impact.users_suffered, card.impact.users
    share = f"{percent(suffered / users)} of the drill's users" if users else ""
    return Figure("Users affected", f"{count(suffered)} of {count(users)}", share, Verdict.NOT_REQUIRED)


def _requests(card: Scorecard) -> Figure:
    impact = card.impact
    hurt = impact.failed + impact.slow + impact.missed
    note = f"{count(hurt)} of {count(impact.requests)}: {count(impact.failed)} failed, {count(impact.slow)} slow"
    missed = f", {count(impact.missed)} never started" if impact.missed else ""
    return Figure("Requests affected", percent(impact.share), note + missed, Verdict.NOT_REQUIRED)


def _worst(card: Scorecard) -> Figure:
    """Errors if there were any to speak of, else latency; the other one beneath."""
    impact = card.impact
    before = "" if impact.baseline_p95 is None else f", {latency(impact.baseline_p95)} before"
    slow = f"p95 {latency(impact.worst_p95)}"
    if (impact.worst_error_rate or 0.0) >= _WORTH_TELLING or impact.worst_p95 is None:
        errors = f"{percent(impact.worst_error_rate)} errors"
        return Figure(
            "At worst", errors, f"{slow}{before}" if impact.worst_p95 is not None else "", Verdict.NOT_REQUIRED
        )
    return Figure("At worst", slow, before.removeprefix(", "), Verdict.NOT_REQUIRED)


def _severity(card: Scorecard) -> Figure:
    severity = card.severity
    declared = f"declared {severity.declared}" if severity.declared else "none declared"
    return Figure("True severity", severity.true_level or "none", declared, severity.verdict)


def _false_alarms(card: Scorecard) -> Figure:
    verdict = Verdict.MISSED if card.false_alarms else Verdict.MET
    return Figure("False alarms", count(card.false_alarms), "nothing was broken in this drill", verdict)
