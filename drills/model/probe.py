"""A probe, and what one check of it saw."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum, auto
from typing import Annotated, Any, Self

from pydantic import Field, JsonValue, model_serializer, model_validator

from drills.model.durations import Duration, bounded
from drills.model.playbook import Model, kebab


class Role(StrEnum):
    """What a probe stands for in a playbook's thresholds (`site_failing`, `external_api_failing` …)."""

    @staticmethod
    def _generate_next_value_(name: str, *_: object) -> str:
        """As files write it."""
        return kebab(name.lower())

    SITE = auto()
    HEALTH = auto()
    DATABASE = auto()
    CACHE = auto()
    LOGIN = auto()
    PAYMENT = auto()
    EXTERNAL_API = auto()
    FEATURE = auto()

    @property
    def failing(self) -> str:
        """The metric that says that a probe with this role is down."""
        return f"{self.value.replace('-', '_')}_failing"

    @property
    def degraded(self) -> str:
        """The metric that says that one is degraded or down."""
        return f"{self.value.replace('-', '_')}_degraded"


#: The roles of probes that do what a user does; the other ones check a part of the system.
JOURNEY_ROLES = frozenset({Role.SITE, Role.LOGIN, Role.PAYMENT, Role.FEATURE})


class Window(Model):
    """k of n: how many of the last `of` checks decide."""

    count: int = Field(ge=1)
    of: int = Field(ge=1)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.count > self.of:
            raise ValueError(f"count {self.count} is more than of {self.of}; write count ≤ of")
        return self


#: The vantage of a probe that names none.
LOCAL = "local"


def probe_from(probe: str, vantage: str) -> str:
    """A probe and from where it checked, for reading: `home`, `home from edge`."""
    return probe if vantage == LOCAL else f"{probe} from {vantage}"


class Vantage(Model):
    """A place from which a probe checks: its other keys take the place of those of its kind's settings."""

    via: str | None = Field(None, description="The prober that checks: a name under `probers` in drills.yaml.")
    required: bool = Field(True, description="False: it never decides; it only shows from where the probe fails.")
    settings: dict[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _others_are_settings(cls, value: Any) -> Any:
        if value is None:
            return {}
        if not isinstance(value, dict) or isinstance(value.get("settings"), dict):
            return value
        own = {key: value[key] for key in ("via", "required") if key in value}
        return {"settings": {key: item for key, item in value.items() if key not in own}, **own}

    @model_serializer(mode="plain")
    def _flat(self) -> dict[str, JsonValue]:
        via = {} if self.via is None else {"via": self.via}
        return {**via, **self.settings, **({} if self.required else {"required": False})}

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> dict[str, Any]:
        own: dict[str, dict[str, Any]] = {"via": {"type": "string"}, "required": {"type": "boolean", "default": True}}
        for name, schema in own.items():
            schema["description"] = cls.model_fields[name].description
        return {"description": cls.__doc__, "type": ["object", "null"], "properties": own}


class ProbeSpec(Model):
    """One synthetic check of one target. In YAML the kind is the key that holds its settings (`http: {url: …}`)."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    kind: str
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    every: Annotated[Duration, bounded(timedelta(milliseconds=10))] = timedelta(seconds=10)
    timeout: Annotated[Duration, bounded(timedelta(milliseconds=1), timedelta(days=1))] = timedelta(seconds=5)
    assert_: tuple[str, ...] = Field((), description="CEL; each must be true for the probe to pass.")
    degraded_when: tuple[str, ...] = Field(
        (), description="CEL; one that is true makes a passing check 'degraded': slow, or by a fallback, but not down."
    )
    role: Role | None = None
    depends_on: tuple[str, ...] = Field((), description="Probes whose failure explains this one's: no second alert.")
    fail: Window = Window(count=2, of=3)
    recover: Window = Window(count=2, of=2)
    vantages: dict[str, Vantage] = Field(
        default_factory=dict,
        description="Where it is run from, each by its name; it is down if it is down from a required one.",
    )

    @property
    def checked_from(self) -> tuple[str, ...]:
        """The vantages of its observations."""
        return tuple(self.vantages) or (LOCAL,)

    @property
    def judged_from(self) -> tuple[str, ...]:
        """The vantages that decide whether it is down."""
        return tuple(name for name, vantage in self.vantages.items() if vantage.required) or (LOCAL,)

    @model_validator(mode="after")
    def _vantages_can_tell(self) -> Self:
        for name in self.vantages:
            if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
                raise ValueError(f"{name!r} is not a name of a vantage; write small letters, digits and hyphens")
        if self.vantages and not any(vantage.required for vantage in self.vantages.values()):
            raise ValueError(
                "no vantage is required, so the probe could never fail; leave 'required: false' out of one"
            )
        return self

    @model_validator(mode="before")
    @classmethod
    def _kind_is_the_key(cls, value: Any) -> Any:
        if isinstance(value, dict) and "degraded" in value:
            # Its name in probe files and timelines of before.
            value = {("degraded-when" if key == "degraded" else key): item for key, item in value.items()}
        if isinstance(value, dict) and "kind" not in value:
            known = {_alias(name) for name in cls.model_fields} | set(cls.model_fields)
            kinds = [key for key in value if key not in known]
            if len(kinds) == 1:
                rest = {key: item for key, item in value.items() if key != kinds[0]}
                return {**rest, "kind": kinds[0], "settings": value[kinds[0]] or {}}
        return value

    @model_serializer(mode="wrap")
    def _kind_as_key(self, handler: Any) -> dict[str, Any]:
        plain: dict[str, Any] = handler(self)
        kind, settings = plain.pop("kind"), plain.pop("settings")
        return {"name": plain.pop("name"), kind: settings, **plain}


def _alias(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


class Outcome(StrEnum):
    """What a check saw. `unknown`: the prober itself could not run it; never counted as up or down."""

    PASS = "pass"
    DEGRADED = "degraded"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Observation:
    """One result of one probe.

    `phases` are seconds since the attempt began, by phase (`dns`, `connect`, `tls`, `first-byte`, `total`); a phase
    that was not reached has no entry. `metrics` are values of `drills.model.metrics`. `started` is on the prober's
    monotonic clock; `at` is wall time, for people. `unanswered`: the check still goes on, and is degraded already.
    """

    probe: str
    at: datetime
    started: float
    outcome: Outcome
    reason: str = ""
    phases: Mapping[str, float] = field(default_factory=dict)
    metrics: Mapping[str, float | bool] = field(default_factory=dict)
    attempt: int = 0
    lateness: float = 0.0
    vantage: str = LOCAL
    unanswered: bool = False
