"""The events of a drill's timeline: all that is ever said about a drill is computed from these.

Every event has `t`, seconds since the drill began on a monotonic clock, and `at`, the wall time for people.
Durations are differences of `t`; nothing is computed from `at`. An event never changes once it is stored;
a mistake is corrected by a `Corrected` event.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from drills.model.aftermath import OpenAction
from drills.model.on_call import PersonOnCall
from drills.model.playbook import Audience, Choice, MessageStatus, Milestone, Playbook
from drills.model.probe import LOCAL, Observation, Outcome, ProbeSpec
from drills.model.responder_kind import ResponderKind as ResponderKind
from drills.model.scenario import Scenario

#: Version of the stored form of events. A newer one than ours is refused.
#: 1: latencies in `RouteSecond.histogram`. 2: in `RouteSecond.latencies`, and each unanswered request's age.
EVENT_FORMAT = 2


class Actor(StrEnum):
    """What kind of participant made the event; people are never named outside roles and owners."""

    CONDUCTOR = "conductor"
    MONITORING = "monitoring"
    TRAFFIC = "traffic"
    RESPONDER = "responder"
    FACILITATOR = "facilitator"


class Base(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    t: float = Field(description="Seconds since the drill began, monotonic.")
    at: AwareDatetime
    by: Actor = Actor.CONDUCTOR
    seq: int = Field(-1, description="Sequence number in the store, given when it is stored.")


# ---- the course of the drill ---------------------------------------------------------------------------------------


class Predecessor(BaseModel):
    """The last scored drill of the same scenario, for comparison."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    drill_id: str
    ended_at: AwareDatetime
    score: float
    grade: str
    milestones: Mapping[Milestone, float] = Field(default_factory=dict, description="Seconds from first user impact.")


class DrillStarted(Base):
    """Carries everything that scoring needs to know about the rules of this drill."""

    kind: Literal["drill-started"] = "drill-started"
    format: int = EVENT_FORMAT
    drill_id: str
    drills_version: str
    rules_version: int
    scenario: Scenario
    playbook: Playbook
    probes: tuple[ProbeSpec, ...]
    driver: str
    responder: ResponderKind
    runbook: str | None = Field(None, description="Name of the scenario whose runbook responds, if one does.")
    blind: bool = False
    predecessor: Predecessor | None = None
    on_call: tuple[PersonOnCall, ...] = Field((), description="Who was on call by the workspace's rotations.")
    open_actions: tuple[OpenAction, ...] = Field((), description="Of earlier drills of the same scenario.")
    remedies: tuple[str, ...] = Field(
        (), description="Patterns of the commands that repair: the scenario's, and those of its own runbook."
    )


class SandboxReady(Base):
    kind: Literal["sandbox-ready"] = "sandbox-ready"
    services: Mapping[str, str] = Field(description="Service → version.")
    release: str
    deployed_at: AwareDatetime | None = None
    seconds: float = Field(description="How long bringing it up took; near zero for a warm sandbox.")


class TrafficStarted(Base):
    kind: Literal["traffic-started"] = "traffic-started"
    by: Actor = Actor.TRAFFIC
    users: int
    requests_per_second: float = Field(description="The planned rate.")
    slow_after: float = Field(description="Seconds after which a request counts as suffering.")
    client_timeout: float = Field(10.0, description="Seconds after which an unanswered request has failed.")


class SteadyStateHeld(Base):
    kind: Literal["steady-state-held"] = "steady-state-held"
    seconds: float
    probes: Mapping[str, float] = Field(description="Probe → total seconds of its last check.")


class SteadyStateFailed(Base):
    """The steady state never held; the drill is not valid."""

    kind: Literal["steady-state-failed"] = "steady-state-failed"
    probe: str
    reason: str


class BaselineTaken(Base):
    """Traffic between `since` and `until` (t) is what 'as before' means."""

    kind: Literal["baseline-taken"] = "baseline-taken"
    since: float
    until: float


class UndoWritten(Base):
    kind: Literal["undo-written"] = "undo-written"
    fault: int | None = Field(description="Index in the scenario's timeline; none for the whole sandbox's state.")
    journal_id: int
    summary: str


class FaultApplied(Base):
    kind: Literal["fault-applied"] = "fault-applied"
    fault: int
    fault_kind: str
    summary: str


class FaultVerified(Base):
    kind: Literal["fault-verified"] = "fault-verified"
    fault: int
    evidence: str


class FaultFailed(Base):
    """The fault could not be put in place, or was not found to be in place; the drill is not valid."""

    kind: Literal["fault-failed"] = "fault-failed"
    fault: int
    reason: str


class UndoSettled(Base):
    kind: Literal["undo-settled"] = "undo-settled"
    journal_id: int
    summary: str
    changes: tuple[str, ...] = Field((), description="What else had to be restored.")


class UndoFailed(Base):
    kind: Literal["undo-failed"] = "undo-failed"
    journal_id: int
    summary: str
    reason: str


class UndoGivenUp(Base):
    """A person gave up an undo that kept failing: it is not tried again, and what it would restore stays changed."""

    kind: Literal["undo-given-up"] = "undo-given-up"
    journal_id: int
    summary: str
    reason: str = Field(description="Why, in the words of the person.")
    last_failure: str = Field("", description="Why the undo could not be made when it was last tried.")


class EndReason(StrEnum):
    """Why a drill that can be scored ended."""

    RECOVERED = "recovered"
    LIMIT_REACHED = "limit-reached"
    NOTHING_MORE_TO_COME = "nothing-more-to-come"
    CONTROL_COMPLETE = "control-complete"


class DrillEnded(Base):
    """The end of what is scored; undoing follows."""

    kind: Literal["drill-ended"] = "drill-ended"
    reason: EndReason
    says: str = ""


class DrillAborted(Base):
    """Ended by a person, the kill switch, harm outside the sandbox, or the death of the runner. Not scored."""

    kind: Literal["drill-aborted"] = "drill-aborted"
    reason: str


class RunnerDied(Base):
    """The process that conducted the drill died; stored by whoever recovered it, at the t of the last event.

    It died between `last_sign`, the wall time of its last event, and `at`. `undone` says whether it had ended the
    drill and undone everything: then the drill is as good as any other, else it is not scored.
    """

    kind: Literal["runner-died"] = "runner-died"
    last_sign: AwareDatetime
    undone: bool


class Paused(Base):
    """A facilitator stops the drill's clock; it stands still until `Resumed`."""

    kind: Literal["paused"] = "paused"
    by: Actor = Actor.FACILITATOR
    why: str = ""


class Resumed(Base):
    kind: Literal["resumed"] = "resumed"
    by: Actor = Actor.FACILITATOR


class EnvironmentLost(Base):
    """The sandbox or the traffic generator failed by itself. The drill is not valid."""

    kind: Literal["environment-lost"] = "environment-lost"
    reason: str


class DrillSkipped(Base):
    kind: Literal["drill-skipped"] = "drill-skipped"
    reason: str


# ---- what users suffered --------------------------------------------------------------------------------------------


class RouteSecond(BaseModel):
    """One second of one route, of the requests that ended (or were found missing) in it.

    ok + slow + failed = all requests that ended: answered, or given up by the client's timeout, from which moment a
    request has failed whether its client notices or not. `slow` were answered well but too late, counted from when they
    were due; `missed` are starts that were due but could not be made because their user still waited, each suffering
    too. `degraded` (of ok and slow) came from a fallback.

    `latencies` counts the requests that ended by how long they took from being sent, in the buckets of
    `drills.impact.latency`, by index: the response time that a server's own metrics have. Drills of format 1 have
    `histogram` instead, in the buckets of `drills.impact.coarse_latency`: from when a request was due, and missed
    ones by their lateness.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ok: int = 0
    slow: int = 0
    failed: int = 0
    missed: int = 0
    degraded: int = 0
    errors: Mapping[str, int] = Field(default_factory=dict, description="Failed requests by what was wrong.")
    latencies: Mapping[int, int] = Field(default_factory=dict)
    histogram: Mapping[int, int] = Field(default_factory=dict)


class TrafficSecond(Base):
    """One second of the traffic, raw. `t` is its end."""

    kind: Literal["traffic-second"] = "traffic-second"
    by: Actor = Actor.TRAFFIC
    planned: int = Field(description="Requests whose intended start lies in this second.")
    started: int = Field(description="Requests sent in it.")
    routes: Mapping[str, RouteSecond]
    users: int
    users_suffering: int = Field(description="Users with a failed, slow, missed or overdue request in this second.")
    overdue: int = Field(0, description="Requests still unanswered, already slower than slow_after.")
    overdue_routes: Mapping[str, int] = Field(default_factory=dict)
    unanswered: Mapping[int, int] = Field(
        default_factory=dict, description="Those of them that were sent, by how long ago, in the buckets of latencies."
    )
    first_suffering: float | None = Field(None, description="t of the first suffering request noticed in this second.")
    last_suffering: float | None = Field(None, description="t of the last one.")
    lag: float = Field(0.0, description="Seconds that the generator itself was behind its plan (not the app).")
    generator_cpu: float = Field(0.0, description="Share of one core that the generator used.")


class TrafficEnded(Base):
    kind: Literal["traffic-ended"] = "traffic-ended"
    by: Actor = Actor.TRAFFIC
    users_total: int
    users_suffered: int = Field(description="Distinct users who suffered at least once after the baseline.")


# ---- what monitoring saw --------------------------------------------------------------------------------------------


class ProbeObserved(Base):
    kind: Literal["probe-observed"] = "probe-observed"
    by: Actor = Actor.MONITORING
    probe: str
    outcome: Outcome
    reason: str = ""
    phases: Mapping[str, float] = Field(default_factory=dict)
    metrics: Mapping[str, float | bool] = Field(default_factory=dict)
    attempt: int = 0
    vantage: str = LOCAL
    unanswered: bool = Field(False, description="The check still goes on, and is degraded already.")

    @classmethod
    def of(cls, observation: Observation, t: float) -> ProbeObserved:
        """The event of an observation that ended at `t`."""
        return cls(
            t=t,
            at=observation.at,
            probe=observation.probe,
            outcome=observation.outcome,
            reason=observation.reason,
            phases=dict(observation.phases),
            metrics=dict(observation.metrics),
            attempt=observation.attempt,
            vantage=observation.vantage,
            unanswered=observation.unanswered,
        )


class ProbeUnusable(Base):
    """A probe that cannot run in this drill from that vantage: each of its observations is unknown."""

    kind: Literal["probe-unusable"] = "probe-unusable"
    probe: str
    vantage: str = LOCAL
    reason: str


class AlertFired(Base):
    kind: Literal["alert-fired"] = "alert-fired"
    by: Actor = Actor.MONITORING
    alert_id: str
    key: str = Field(description="What it is about; at most one open alert for one key.")
    level: str
    title: str
    reason: str
    probe: str | None = None
    besides: tuple[str, ...] = Field(default=(), description="Further probes that saw the same by then.")


class AlertChanged(Base):
    kind: Literal["alert-changed"] = "alert-changed"
    by: Actor = Actor.MONITORING
    alert_id: str
    level: str
    reason: str


class AlertResolved(Base):
    kind: Literal["alert-resolved"] = "alert-resolved"
    by: Actor = Actor.MONITORING
    alert_id: str
    reason: str


class AlertSuppressed(Base):
    """Would have fired, but something that it depends on is already down."""

    kind: Literal["alert-suppressed"] = "alert-suppressed"
    by: Actor = Actor.MONITORING
    key: str
    because: str


# ---- what the responder did -----------------------------------------------------------------------------------------


class Acknowledged(Base):
    """Somebody takes these alerts on. `drills.model.acknowledging` finds the alerts of an event without ids."""

    kind: Literal["acknowledged"] = "acknowledged"
    by: Actor = Actor.RESPONDER
    alerts: tuple[str, ...] = Field((), description="Ids of the alerts; empty in old timelines: all that were open.")


class SeverityDeclared(Base):
    kind: Literal["severity-declared"] = "severity-declared"
    by: Actor = Actor.RESPONDER
    level: str
    reason: str = ""


class CommanderNamed(Base):
    kind: Literal["commander-named"] = "commander-named"
    by: Actor = Actor.RESPONDER
    commander: str


class UpdatePosted(Base):
    """A message to `audience`, composed from the playbook's template. `next_due` is t of the next one, if any."""

    kind: Literal["update-posted"] = "update-posted"
    by: Actor = Actor.RESPONDER
    audience: Audience
    status: MessageStatus
    text: str
    message: str
    next_due: float | None = None


class NoteTaken(Base):
    kind: Literal["note-taken"] = "note-taken"
    by: Actor = Actor.RESPONDER
    text: str


class StepChecked(Base):
    """A line of the playbook's triage list was ticked. `step` is its index, from 0."""

    kind: Literal["step-checked"] = "step-checked"
    by: Actor = Actor.RESPONDER
    step: int
    text: str


class TaskList(StrEnum):
    """The lists of a playbook, besides triage, whose lines are ticked."""

    ACTIONS = "actions"
    PHASES = "phases"


class TaskChecked(Base):
    """A line of the level's actions, or of a phase's checklist, was ticked. `of` names the level or the phase."""

    kind: Literal["task-checked"] = "task-checked"
    by: Actor = Actor.RESPONDER
    list: TaskList
    of: str
    index: int = Field(description="The line's place in that list, from 0.")
    text: str


class Decided(Base):
    kind: Literal["decided"] = "decided"
    by: Actor = Actor.RESPONDER
    choice: Choice
    cause_known: bool = False
    fix_minutes: float | None = None
    reason: str = ""


class CauseNamed(Base):
    kind: Literal["cause-named"] = "cause-named"
    by: Actor = Actor.RESPONDER
    cause: str


class Escalated(Base):
    kind: Literal["escalated"] = "escalated"
    by: Actor = Actor.RESPONDER
    rung: str
    contact: str
    reason: str = ""
    due: bool = Field(False, description="Raised because its time had come, not by the responder.")


class HintTaken(Base):
    kind: Literal["hint-taken"] = "hint-taken"
    by: Actor = Actor.RESPONDER
    index: int
    text: str


class ActionTaken(Base):
    """A sandbox command that the responder ran. Without one, a recovery is not credited to the responder."""

    kind: Literal["action-taken"] = "action-taken"
    by: Actor = Actor.RESPONDER
    command: str
    read_only: bool
    exit_status: int
    seconds: float
    output: str = ""
    who: str = Field("", description="Who ran it, in the words of DRILLS_AS; empty: not said.")


class AllClear(Base):
    kind: Literal["all-clear"] = "all-clear"
    by: Actor = Actor.RESPONDER
    text: str = ""


class PostMortemDrafted(Base):
    kind: Literal["post-mortem-drafted"] = "post-mortem-drafted"
    by: Actor = Actor.RESPONDER
    path: str


class Corrected(Base):
    """A milestone really happened at `when` (t), e.g. acknowledged by phone. Both scores are kept."""

    kind: Literal["corrected"] = "corrected"
    by: Actor = Actor.FACILITATOR
    milestone: Milestone
    when: float
    why: str


class RunbookStarted(Base):
    kind: Literal["runbook-started"] = "runbook-started"
    by: Actor = Actor.RESPONDER
    runbook: str
    steps: tuple[str, ...]
    resumed_from: str | None = None
    digest: str = Field("", description="SHA-256 of the runbook's text; empty in drills of older versions.")


class StepFinished(Base):
    """A block of a runbook was executed; `t` is its end. Secrets in `output` are masked."""

    kind: Literal["step-finished"] = "step-finished"
    by: Actor = Actor.RESPONDER
    step: str
    section: str = ""
    command: str
    read_only: bool = False
    ok: bool
    reason: str = ""
    exit_status: int | None = None
    seconds: float
    output: str = ""


class RunbookFinished(Base):
    kind: Literal["runbook-finished"] = "runbook-finished"
    by: Actor = Actor.RESPONDER
    ok: bool
    stopped_at: str | None = None
    reason: str = ""


Event = Annotated[
    DrillStarted
    | SandboxReady
    | TrafficStarted
    | SteadyStateHeld
    | SteadyStateFailed
    | BaselineTaken
    | UndoWritten
    | FaultApplied
    | FaultVerified
    | FaultFailed
    | UndoSettled
    | UndoFailed
    | UndoGivenUp
    | DrillEnded
    | DrillAborted
    | RunnerDied
    | Paused
    | Resumed
    | EnvironmentLost
    | DrillSkipped
    | TrafficSecond
    | TrafficEnded
    | ProbeObserved
    | ProbeUnusable
    | AlertFired
    | AlertChanged
    | AlertResolved
    | AlertSuppressed
    | Acknowledged
    | SeverityDeclared
    | CommanderNamed
    | UpdatePosted
    | NoteTaken
    | StepChecked
    | TaskChecked
    | Decided
    | CauseNamed
    | Escalated
    | HintTaken
    | ActionTaken
    | AllClear
    | PostMortemDrafted
    | Corrected
    | RunbookStarted
    | StepFinished
    | RunbookFinished,
    Field(discriminator="kind"),
]

_ADAPTER: TypeAdapter[Event] = TypeAdapter(Event)

#: The class of each kind of event.
EVENT_KINDS: Mapping[str, type[Base]] = {
    kind.model_fields["kind"].default: kind for kind in get_args(get_args(Event)[0])
}


def event_from_json(text: str | bytes) -> Event:
    """Read one stored event. Raises pydantic.ValidationError for anything that is not one."""
    return _ADAPTER.validate_json(text)


def event_to_json(event: Event) -> str:
    """The stored form: its kind, and what is not at its default.

    The first event is stored whole: it carries the rules of the drill, which no later change of a default may move.
    """
    whole = isinstance(event, DrillStarted)
    body = event.model_dump(mode="json", exclude_defaults=not whole, exclude={"seq"}, by_alias=True)
    return json.dumps({"kind": event.kind, **body}, ensure_ascii=False, separators=(",", ":"))


def moment(event: Base) -> tuple[float, int]:
    """The order of a timeline: by time, and for equal times by sequence number in the store."""
    return (event.t, event.seq)
