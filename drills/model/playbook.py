"""A playbook: a team's severity policy as data."""

from __future__ import annotations

from datetime import time
from enum import StrEnum
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, model_validator

from drills.model.durations import Duration, humane


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


class Weekday(StrEnum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


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

    `within` and `business_days` are absent where the document gives no number ("next sprint"): then nothing is measured
    against it, and `says` is shown. `drills.model.business_time.due` computes the moment.
    """

    within: Duration | None = None
    business_days: Annotated[int, Field(ge=1, le=250)] | None = Field(
        None,
        description="Until closing time of the Nth business day that opens after it begins; instead of `within`.",
    )
    says: str = ""
    counted_from: Milestone | None = Field(
        None, description="What it counts from, where the document says so; absent: detection."
    )
    source: str = Field(min_length=1, description="Where the document says so, or 'our reading of …'.")

    @model_validator(mode="after")
    def _states_something(self) -> Self:
        if self.within is None and self.business_days is None and not self.says:
            raise ValueError("a limit needs 'within' (a duration), 'business-days', or 'says' (the document's words)")
        if self.within is not None and self.business_days is not None:
            raise ValueError("a limit has either 'within' or 'business-days', not both")
        return self

    @property
    def stated(self) -> str:
        """The limit in words: the document's own where it has some."""
        if self.says:
            return self.says
        if self.within is not None:
            return f"within {humane(self.within)}"
        return f"{self.business_days} business day{'' if self.business_days == 1 else 's'}"


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
    urgency: Urgency | None = Field(None, description="Of a page, where the document distinguishes it.")


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
    """A part of the response with its deadline and its checklist."""

    name: str
    starts: Duration | None = None
    by: Duration | None = None
    counted_from: Milestone = Field(Milestone.DETECTED, description="What `starts` and `by` count from.")
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
    """Roll back or fix. The first rule whose condition holds gives the choice.

    `when` is CEL over: `fix_minutes` (the responder's estimate, absent if unknown), `cause_known` (bool),
    `minutes_since_deploy` (absent when nothing was deployed), and `site_failing` … for each role of probes.
    """

    when: str
    decide: Choice
    also_right: tuple[Choice, ...] = Field((), description="Choices that the document allows in this case too.")
    why: str = ""
    source: str = Field(min_length=1)


class MessageStatus(StrEnum):
    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MITIGATING = "mitigating"
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


class Statement(Model):
    """Something that the document says to responders."""

    says: str = Field(min_length=1)
    source: str = Field(min_length=1)


class Attendee(Model):
    """Who takes part in a post-mortem; `when` says in which case, empty: always."""

    contact: str
    when: str = ""


class BusinessTime(Model):
    """The hours in which business days are counted. Without a country no day is a holiday but those of the week."""

    time_zone: str = Field(description="An IANA name, such as Europe/Paris.")
    opens: time = time(9)
    closes: time = time(17)
    days: tuple[Weekday, ...] = Field(tuple(Weekday)[:5], min_length=1)
    country: str | None = Field(None, description="Whose holidays are free: an ISO 3166 code, such as FR.")
    region: str | None = Field(None, description="A part of the country with holidays of its own, such as BY.")
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _is_a_calendar(self) -> Self:
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"time-zone {self.time_zone!r} is not known; write an IANA name, such as UTC") from None
        if self.closes <= self.opens:
            raise ValueError("'closes' is not after 'opens'")
        if self.region is not None and self.country is None:
            raise ValueError("a region needs a country")
        return self


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
    runbook_coverage_share: float | None = Field(None, description="Of the scenarios that have a runbook.")
    even_load: bool = Field(False, description="Whether pages are to be shared evenly by those on call.")
    source: str = ""


class MonthlyDrills(Model):
    """Scenarios that the document wants drilled each month."""

    drills: tuple[str, ...] = Field(min_length=1)
    source: str = Field(min_length=1)


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
    statuses: tuple[MessageStatus, ...] = Field((), description="The document's statuses; empty: all.")
    communication_rules: tuple[Statement, ...] = ()
    post_mortem_sections: tuple[str, ...] = ()
    post_mortem_attendees: tuple[Attendee, ...] = ()
    contacts: tuple[Contact, ...] = ()
    goals: Goals | None = None
    follow_ups: tuple[FollowUp, ...] = ()
    monthly_drills: MonthlyDrills | None = None
    commander_may_repair: bool = Field(True, description="False: who commands does not investigate or type commands.")
    commander_duties: tuple[Statement, ...] = ()
    business_time: BusinessTime | None = Field(None, description="Needed by limits in business days.")

    def level(self, name: str) -> Level:
        """The level of that name. Raises KeyError when there is none."""
        for level in self.levels:
            if level.name == name:
                return level
        raise KeyError(name)

    @property
    def paging(self) -> frozenset[str]:
        """The levels whose alerts page somebody: those of high urgency."""
        return frozenset(level.name for level in self.levels if level.urgency is Urgency.HIGH)

    def rank(self, name: str) -> int:
        """0 for the most severe level. Raises KeyError for a level that the playbook does not have."""
        return self.levels.index(self.level(name))
