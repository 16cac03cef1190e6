"""A scenario: what to break, when, what should be noticed, and what would repair it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import Field, JsonValue, model_serializer, model_validator

from drills.model.durations import Duration
from drills.model.file_names import FilePath
from drills.model.playbook import Choice, Model


class Steady(Model):
    """What must hold, without a break, before anything is injected."""

    hold: Duration = timedelta(seconds=10)
    probes: tuple[str, ...] = Field(min_length=1)


class Traffic(Model):
    """Users against the sandbox: the truth about impact."""

    locustfile: FilePath | None = Field(None, description="In the scenario's folder; absent: the workspace's.")
    users: int = Field(20, ge=1)
    spawn_rate: float = Field(10, gt=0, description="Users started per second.")
    requests_per_user: float = Field(1.0, gt=0, description="Requests that each user intends per second.")
    slow_after: Duration = Field(timedelta(seconds=2), description="A request that takes longer makes its user suffer.")
    entrance: str | None = Field(
        None, description="Where users come in: an address of the sandbox, by its name; absent: the system's own."
    )
    journeys: tuple[str, ...] = Field(
        (), description="Probes that users repeat, each of them one, where there is no Locust file."
    )
    workers: int = Field(0, ge=0, le=16, description="Locust's workers beside its master; 0: all users in one process.")


class FaultSpec(Model):
    """A kind of fault with its settings, which that kind's own model validates (`drills.faults`).

    A change of the traffic is written in the same form (`drills.model.traffic_surge`).
    """

    kind: str
    settings: dict[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, value: Any) -> Any:
        if isinstance(value, dict) and "settings" not in value:
            return {"kind": value.get("kind"), "settings": {k: v for k, v in value.items() if k != "kind"}}
        return value

    @model_serializer
    def _spread(self) -> dict[str, JsonValue]:
        return {"kind": self.kind, **self.settings}


class Injection(Model):
    """A fault, or a change of the traffic, at a moment counted from the end of the baseline."""

    at: Duration
    fault: FaultSpec
    new_incident: bool = Field(False, description="An incident of its own, with its own alerts, duties and rows.")


class Expect(Model):
    """The scenario's own limits, from the first user impact."""

    detected_within: Duration | None = None
    mitigated_within: Duration | None = Field(None, description="For a runbook or a program.")
    mitigated_within_by_person: Duration | None = Field(
        None,
        description="For a person; absent: two thirds of limits.duration, or mitigated-within if that is longer.",
    )


class SeverityFloor(Model):
    """A severity that holds whatever was measured (data lost, a key leaked), as a rank: 0 is the playbook's worst."""

    rank: int = Field(ge=0)
    why: str = Field(min_length=1)


class Truth(Model):
    """What the responder must find out; never shown before the debrief."""

    cause: str
    among: tuple[str, ...] = Field(min_length=2, description="Plausible causes, the true one among them.")
    remedy: str
    remedies: tuple[str, ...] = Field(
        (),
        description="Commands that repair, beside the runbook's own: patterns with * and ?, of the words after "
        "'drills sandbox' in lower case, such as 'rollback*'.",
    )
    severity_floor: SeverityFloor | None = None
    fix_minutes: float | None = Field(
        None, description="What a fix would take; judged by the playbook's decision rules."
    )
    right_choices: tuple[Choice, ...] = Field((), description="Choices that are right here beside what the rules say.")


class Limits(Model):
    """Reaching one ends the drill, which is still scored."""

    duration: Duration = timedelta(minutes=15)


class Abort(Model):
    """Harm outside the sandbox. CEL over `host.memory_free`, `host.disk_free` (shares) and `host.load` (per core)."""

    when: str
    for_: Duration = timedelta(seconds=10)


class Scenario(Model):
    """One drill's script. `format` is the version of this file format."""

    format: int = 1
    name: str = Field("", description="The name of its folder.")
    title: str
    story: str = Field(description="All that the responder learns at the start.")
    steady: Steady
    traffic: Traffic = Traffic()
    timeline: tuple[Injection, ...] = Field((), description="Empty for a control drill: then any alert is false.")
    expect: Expect = Expect()
    truth: Truth | None = None
    hints: tuple[str, ...] = ()
    limits: Limits = Limits()
    abort: Abort | None = None
    runbook: FilePath | None = "runbook.md"
    settle: Duration = Field(timedelta(seconds=10), description="How long users must be well for 'mitigated'.")
    baseline: Duration = Field(timedelta(seconds=5), description="How long users are measured before the fault.")
    users_affected: bool = Field(True, description="False: the drill is valid though no user suffers.")

    @property
    def is_control(self) -> bool:
        """Whether nothing is injected."""
        return not self.timeline
