"""What a report says, before any format: all sections of one drill, computed once."""

from __future__ import annotations

from dataclasses import dataclass

from drills.model.scorecard import Scorecard, Verdict
from drills.model.timeline import Timeline
from drills.reporting.sections import corrections as correcting
from drills.reporting.sections import debrief as debriefing
from drills.reporting.sections import figures as figuring
from drills.reporting.sections import happenings as course
from drills.reporting.sections import lifecycle, monitoring, observed, response
from drills.reporting.sections import limits as limiting


@dataclass(frozen=True)
class Content:
    """The sections of a report; an empty one is left out by every format."""

    card: Scorecard
    timeline: Timeline
    figures: tuple[figuring.Figure, ...]
    measured_by: tuple[str, ...]
    """The probes that played the drill's users; none when Locust did."""
    limits: tuple[limiting.LimitLine, ...]
    not_required: tuple[limiting.LimitLine, ...]
    subtotals: tuple[limiting.Subtotal, ...]
    beside_the_score: tuple[str, ...]
    comparison: limiting.Comparison | None
    corrections: correcting.Corrections | None
    stages: tuple[lifecycle.Stage, ...]
    phases: tuple[lifecycle.PhaseLine, ...]
    happenings: tuple[course.Happening, ...]
    alerts: tuple[monitoring.AlertLine, ...]
    held_back: tuple[monitoring.HeldBack, ...]
    probes: tuple[monitoring.ProbeLine, ...]
    metrics: tuple[observed.MetricLine, ...]
    steps: tuple[response.StepLine, ...]
    messages: tuple[response.MessageLine, ...]
    checklist: tuple[response.ChecklistLine, ...]
    tasks: tuple[response.TaskLine, ...]
    roles: tuple[str, ...]
    decisions: tuple[response.Decision, ...]
    judged: limiting.LimitLine | None
    rules: tuple[response.Rule, ...]
    truth: debriefing.TruthTold | None
    undos: tuple[debriefing.UndoLine, ...]
    validity: tuple[debriefing.Check, ...]

    @property
    def others_missed(self) -> int:
        """Limits that were missed without deciding the drill."""
        return sum(row.verdict is Verdict.MISSED and not row.decides for row in self.card.rows)

    @property
    def scored(self) -> bool:
        """Whether the drill has a score; if not, `card.why_not` says why."""
        return self.card.result.is_scored


def content(timeline: Timeline, card: Scorecard) -> Content:
    """The report of this drill. Raises LookupError for a timeline without its first event."""
    return Content(
        card=card,
        timeline=timeline,
        figures=figuring.key_figures(card),
        measured_by=figuring.measured_by(timeline),
        limits=limiting.limit_lines(card),
        not_required=limiting.not_required_lines(card),
        subtotals=limiting.subtotals(card),
        beside_the_score=limiting.beside_the_score(card),
        comparison=limiting.comparison(timeline, card),
        corrections=correcting.corrections(timeline, card),
        stages=lifecycle.stages(timeline, card),
        phases=lifecycle.phase_lines(timeline, card),
        happenings=course.happenings(timeline, card),
        alerts=monitoring.alert_lines(timeline, card),
        held_back=monitoring.held_back(timeline),
        probes=monitoring.probe_lines(timeline),
        metrics=observed.metric_lines(timeline, card),
        steps=response.step_lines(timeline),
        messages=response.message_lines(timeline),
        checklist=response.checklist(timeline, card),
        tasks=response.task_lines(timeline, card),
        roles=response.roles_played(timeline),
        decisions=response.decisions(timeline),
        judged=limiting.decision_line(card),
        rules=response.decision_rules(timeline),
        truth=debriefing.truth(timeline, card),
        undos=debriefing.undo_lines(timeline),
        validity=debriefing.validity(timeline, card),
    )
