"""The scorecard: what is said about a drill. Made by `drills.scoring.score`, shown by `drills.reporting`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from drills.model.events import ResponderKind
from drills.model.playbook import Milestone


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _absent(value: object) -> bool:
    """What version 1 of the rules did not have is not written when absent: its scorecards keep their bytes."""
    return value is None or value == ()


class Verdict(StrEnum):
    """`pending`: still open when the drill ended, its limit not yet passed. `not-required`: nothing is asked here."""

    MET = "met"
    MISSED = "missed"
    PENDING = "pending"
    NOT_REQUIRED = "not-required"


class DrillResult(StrEnum):
    """What came of a drill; only `met` and `missed` have a score."""

    MET = "met"
    MISSED = "missed"
    INVALID = "invalid"
    ABORTED = "aborted"
    SKIPPED = "skipped"
    RUNNING = "running"

    @property
    def is_scored(self) -> bool:
        return self in (DrillResult.MET, DrillResult.MISSED)


class Basis(StrEnum):
    """Whose limit a row is: the playbook's, or the scenario's own."""

    PLAYBOOK = "playbook"
    SCENARIO = "scenario"


class Topic(StrEnum):
    """What a row is about: a milestone itself, or something that is judged beside it."""

    MILESTONE = "milestone"
    UPDATE_CADENCE = "update-cadence"
    SEVERITY = "severity"
    ESCALATION = "escalation"
    TARGET = "target"
    DECISION = "decision"
    TRIAGE = "triage"
    PHASE = "phase"
    SILENCE = "silence"


class Row(Frozen):
    """One limit. `actual` is seconds from `counted_from`; when `censored`, at least that long (never reached).

    Since version 2 of the rules, `incident` says to which incident of the drill it belongs (from 0), and `margin` which
    share of the limit was used. A row that was not asked (`not-required`) then keeps its weight.
    """

    milestone: Milestone
    label: str
    basis: Basis
    counted_from: str
    limit: float | None
    limit_says: str
    actual: float | None
    censored: bool = False
    verdict: Verdict
    reason: str
    source: str
    weight: float = 0.0
    points: float = 0.0
    decides: bool = False
    topic: Topic = Topic.MILESTONE
    incident: int | None = Field(None, exclude_if=_absent)
    margin: float | None = Field(None, exclude_if=_absent)

    @property
    def is_listed(self) -> bool:
        """Whether it belongs among the rows that make up the score: judged, or not asked and yet counted."""
        return self.verdict is not Verdict.NOT_REQUIRED or self.weight > 0.0


class Deduction(Frozen):
    points: float
    reason: str
    t: float | None = None


class Severity(Frozen):
    """The level that the playbook gives to the measured impact, and the one that the responder declared."""

    true_level: str | None
    why: str
    declared: str | None
    verdict: Verdict
    reason: str


class Impact(Frozen):
    """What users suffered, from the traffic."""

    requests: int = 0
    failed: int = 0
    slow: int = 0
    missed: int = 0
    users: int = 0
    users_suffered: int = 0
    share: float = 0.0
    worst_error_rate: float | None = None
    worst_p95: float | None = None
    baseline_p95: float | None = None
    seconds: float | None = None
    errors: Mapping[str, int] = {}
    by_route: Mapping[str, int] = {}
    user_minutes: float | None = Field(
        None, exclude_if=_absent, description="Minutes that users suffered, added up over the users."
    )


class Recovery(StrEnum):
    NONE = "none"
    TEMPORARY = "temporary"
    SELF = "by-itself"
    DEGRADED = "degraded"
    FULL = "full"


class IncidentSummary(Frozen):
    """One incident of a drill: its moments (t), and the levels that held, each with its t. Since version 2."""

    number: int
    began: float
    ended: float
    start: float
    response: float
    closed: float
    levels: tuple[tuple[str, float], ...]
    milestones: Mapping[Milestone, float]
    recovery: Recovery
    uncredited: tuple[str, ...] = ()


class Baseline(Frozen):
    """What somebody who did nothing worth the name would have scored in the same drill. Since version 2."""

    name: str
    says: str
    score: float


class Scorecard(Frozen):
    """All that is said about one drill; a pure function of its timeline.

    `milestones` are t of the moments that were reached. `score` is absent for a drill that is not scored; `why_not`
    then says why. `original_score` is the one without the facilitator's corrections, where there are any.
    """

    rules_version: int
    drill_id: str
    title: str
    scenario: str
    playbook: str
    driver: str
    responder: ResponderKind
    runbook: str | None = None
    started_at: AwareDatetime
    ended_at: AwareDatetime
    duration: float
    result: DrillResult
    why_not: str = ""
    headline: str
    score: float | None
    grade: str | None
    grade_rule: str
    arithmetic: str
    rows: tuple[Row, ...] = ()
    deductions: tuple[Deduction, ...] = ()
    severity: Severity
    impact: Impact
    recovery: Recovery
    recovery_says: str = ""
    milestones: Mapping[Milestone, float] = {}
    detected_by: str | None = None
    false_alarms: int = 0
    premature_all_clear: bool = False
    cause_right: bool | None = None
    corrected: bool = False
    original_score: float | None = None
    improve: tuple[str, ...] = ()
    incidents: tuple[IncidentSummary, ...] = Field((), exclude_if=_absent)
    baselines: tuple[Baseline, ...] = Field((), exclude_if=_absent)

    def label_of(self, row: Row) -> str:
        """A row's label; with the number of its incident where the drill had several."""
        several = len(self.incidents) > 1 and row.incident is not None
        return f"Incident {(row.incident or 0) + 1}: {row.label}" if several else row.label
