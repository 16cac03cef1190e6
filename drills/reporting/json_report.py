"""The report as JSON, for programs. Its schema is published as docs/report-schema.json; `format` is its version."""

from __future__ import annotations

import json
from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from drills.model.aftermath import OpenAction
from drills.model.playbook import Milestone
from drills.model.scorecard import Scorecard
from drills.model.visible import visible_json
from drills.reporting.content import Content
from drills.reporting.sections.corrections import Corrections
from drills.reporting.sections.debrief import Check, TruthTold, UndoLine
from drills.reporting.sections.happenings import Happening
from drills.reporting.sections.lifecycle import PhaseLine, Stage
from drills.reporting.sections.limits import Comparison
from drills.reporting.sections.moments import moment_at
from drills.reporting.sections.monitoring import AlertLine, HeldBack, ProbeLine
from drills.reporting.sections.observed import MetricLine
from drills.reporting.sections.response import ChecklistLine, Decision, MessageLine, StepLine, TaskLine

REPORT_FORMAT: Final = 1


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MilestoneReached(Model):
    """A milestone that was reached."""

    milestone: Milestone
    t: float = Field(description="Seconds since the drill began.")
    at: AwareDatetime
    from_first_impact: float | None = Field(description="Seconds from the first user impact; negative before it.")


class JsonReport(Model):
    """One drill: what is said about it, and what it was computed from."""

    format: Literal[1] = REPORT_FORMAT
    is_drill: Literal[True] = Field(True, description="Never an incident of the real system.")
    drills_version: str
    scorecard: Scorecard
    measured_by: tuple[str, ...] = Field(description="The probes that played the users; none when Locust did.")
    milestones: tuple[MilestoneReached, ...]
    comparison: Comparison | None
    corrections: Corrections | None
    open_actions: tuple[OpenAction, ...] = Field(description="Of earlier drills of this scenario, open at its start.")
    lifecycle: tuple[Stage, ...]
    phases: tuple[PhaseLine, ...]
    events: tuple[Happening, ...]
    alerts: tuple[AlertLine, ...]
    held_back: tuple[HeldBack, ...]
    probes: tuple[ProbeLine, ...]
    metrics: tuple[MetricLine, ...]
    steps: tuple[StepLine, ...]
    messages: tuple[MessageLine, ...]
    checklist: tuple[ChecklistLine, ...]
    tasks: tuple[TaskLine, ...] = Field((), description="Actions of the declared level, and checklists of phases.")
    roles: tuple[str, ...] = Field((), description="Who was on call, and how the commander kept to the role.")
    decisions: tuple[Decision, ...]
    truth: TruthTold | None
    undos: tuple[UndoLine, ...]
    validity: tuple[Check, ...]


def json_report(report: Content) -> str:
    """The report as indented JSON."""
    card, timeline = report.card, report.timeline
    impact = card.milestones.get(Milestone.FIRST_IMPACT)
    reached = sorted(card.milestones.items(), key=lambda item: item[1])
    document = JsonReport(
        drills_version=timeline.start.drills_version,
        scorecard=card,
        measured_by=report.measured_by,
        milestones=tuple(
            MilestoneReached(
                milestone=milestone,
                t=t,
                at=moment_at(timeline, t).at,
                from_first_impact=None if impact is None else round(t - impact, 6),
            )
            for milestone, t in reached
        ),
        comparison=report.comparison,
        corrections=report.corrections,
        open_actions=timeline.start.open_actions,
        lifecycle=report.stages,
        phases=report.phases,
        events=report.happenings,
        alerts=report.alerts,
        held_back=report.held_back,
        probes=report.probes,
        metrics=report.metrics,
        steps=report.steps,
        messages=report.messages,
        checklist=report.checklist,
        tasks=report.tasks,
        roles=report.roles,
        decisions=report.decisions,
        truth=report.truth,
        undos=report.undos,
        validity=report.validity,
    )
    return visible_json(json.dumps(document.model_dump(mode="json"), ensure_ascii=False, indent=2)) + "\n"


def schema() -> str:
    """The JSON Schema (draft 2020-12) of `json_report`, as docs/report-schema.json holds it."""
    described = JsonReport.model_json_schema(mode="serialization")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A drill's report"}
    return json.dumps(head | {k: v for k, v in described.items() if k != "title"}, ensure_ascii=False, indent=2) + "\n"
