"""A playbook: a team's severity policy as data."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from drills.model.durations import Duration


def kebab(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


class Model(BaseModel):
    """Base of all that is written as YAML: frozen, kebab-case keys, unknown keys, NaN and infinity refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=kebab,
        populate_by_name=True,
        defer_build=True,
        allow_inf_nan=False,
    )


class Milestone(StrEnum):
    """The moments of a drill, in the order in which they are expected."""

    INJECTED = "injected"
    FIRST_IMPACT = "first-impact"
    DETECTED = "detected"
    ACKNOWLEDGED = "acknowledged"
    SEVERITY_DECLARED = "severity-declared"
    COMMANDER_NAMED = "commander-named"
    FIRST_UPDATE = "first-update"
    STATUS_PAGE = "status-page"
    CAUSE_NAMED = "cause-named"
    MITIGATED = "mitigated"
    ALL_CLEAR = "all-clear"
    POST_MORTEM = "post-mortem"


class Limit(Model):
    """A deadline as the team's document states it.

    `within` is absent where the document gives no number ("next sprint"): then nothing is measured against it,
    and `says` is shown.
    """

    within: Duration | None = None
    says: str = ""
    source: str = Field(min_length=1, description="Where the document says so, or 'our reading of …'.")

    @model_validator(mode="after")
    def _states_something(self) -> Self:
        if self.within is None and not self.says:
            raise ValueError("a limit needs 'within' (a duration) or 'says' (the document's words)")
        return self


class Urgency(StrEnum):
    HIGH = "high"
    LOW = "low"


class Level(Model):
    """One severity. Levels are listed from the most severe to the least."""

    name: str
    means: str
    examples: tuple[str, ...] = ()
    respond: Limit
    update_every: Limit | None = None
    mitigate: Limit | None = Field(None, description="From the start of the incident until users are served again.")
    resolve: Limit | None = Field(None, description="From the start of the incident until all clear.")
    status_page: Limit | None = Field(None, description="Until the status page must say so; absent: not required.")
    post_mortem: Limit | None = None
    notify: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    channel: str = ""
    urgency: Urgency = Urgency.LOW


class Threshold(Model):
    """What monitoring must show for a level: a CEL condition on the metrics of `drills.model.metrics`."""

    level: str
    when: str
    for_: Duration = Field(default=..., description="How long the condition must hold without a break.")
    source: str = Field(min_length=1)


class TriageStep(Model):
    """A line of the first-response checklist. `by` counts from detection; absent where the document has no minute."""

    by: Duration | None = None
    step: str
    milestone: Milestone | None = None
    levels: tuple[str, ...] = Field((), description="The levels it is for; empty: all.")
    source: str = Field(min_length=1)


class Phase(Model):
    """A part of the response with its deadline (counted from detection) and its checklist."""

    name: str
    starts: Duration | None = None
    by: Duration | None = None
    ends_with: Milestone = Field(description="The milestone that completes the phase.")
    checklist: tuple[str, ...] = ()
    levels: tuple[str, ...] = Field((), description="The levels it is for; empty: all.")
    source: str = Field(min_length=1)


class Rung(Model):
    """A rung of the escalation ladder: who is brought in when an incident is not mitigated `after` detection."""

    name: str
    contact: str
    after: Duration | None = Field(None, description="Absent: at once, or at a person's discretion.")
    counted_from: Milestone = Field(
        Milestone.DETECTED, description="What `after` counts from: detected or first-impact."
    )
    levels: tuple[str, ...] = ()
    why: str = ""
    source: str = Field(min_length=1)


class Choice(StrEnum):
    """What a responder can decide to do first."""

    FIX = "fix"
    ROLLBACK = "rollback"
    WAIT = "wait"


class DecisionRule(Model):
    """Roll back or fix. The first rule whose condition holds tells the choice.

    `when` is CEL over: `fix_minutes` (the responder's estimate, absent if unknown), `cause_known` (bool),
    `minutes_since_deploy` (absent when nothing was deployed).
    """

    when: str
    decide: Choice
    why: str = ""
    source: str = Field(min_length=1)


class MessageStatus(StrEnum):
    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


class Audience(StrEnum):
    TEAM = "team"
    STATUS_PAGE = "status-page"
    USERS = "users"


class Template(Model):
    """A message, as a Jinja2 text. Its variables are the fields of `drills.responders.messages.MessageFacts`."""

    audience: Audience
    statuses: tuple[MessageStatus, ...]
    kind: Annotated[str, Field(pattern="^(declared|update|all-clear)$")]
    text: str
    source: str = Field(min_length=1)


class Contact(Model):
    name: str
    role: str
    reach: str = ""


class Goals(Model):
    """What the team wants of all incidents together; judged over a history, never over one drill."""

    mtta: Limit | None = None
    mttr: dict[str, Limit] = Field(default_factory=dict, description="By level.")
    false_positive_share: float | None = None
    pages_per_week: int | None = None
    action_items_in_time_share: float | None = None
    post_mortem_share: float | None = Field(
        None, description="Of the incidents of levels that have a post-mortem limit."
    )
    post_mortem_review_after: Duration | None = Field(
        None, description="From the post-mortem until it is checked again."
    )
    runbook_tested_every: Duration | None = None
    runbook_reviewed_after_use: bool = False
    source: str = ""


class FollowUp(Model):
    """What the document wants done after an incident. `by` counts from its end; absent where it gives no number."""

    task: str
    by: Duration | None = None
    source: str = Field(min_length=1)


class Playbook(Model):
    """A severity policy. `format` is the version of this file format."""

    format: int = 1
    name: str
    title: str
    document: str = Field("", description="The document that it was made from.")
    levels: tuple[Level, ...] = Field(min_length=1)
    thresholds: tuple[Threshold, ...] = ()
    triage: tuple[TriageStep, ...] = ()
    phases: tuple[Phase, ...] = ()
    escalation: tuple[Rung, ...] = ()
    decisions: tuple[DecisionRule, ...] = ()
    templates: tuple[Template, ...] = ()
    post_mortem_sections: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()
    goals: Goals | None = None
    follow_ups: tuple[FollowUp, ...] = ()
    commander_may_repair: bool = Field(True, description="False: who commands does not investigate or type commands.")

    def level(self, name: str) -> Level:
        """The level of that name. Raises KeyError when there is none."""
        for level in self.levels:
            if level.name == name:
                return level
        raise KeyError(name)

    def rank(self, name: str) -> int:
        """0 for the most severe level. Raises KeyError for a level that the playbook does not have."""
        return self.levels.index(self.level(name))
