"""Requests to a prober on another machine, and its answers: JSON over HTTP, `POST /check`."""

from __future__ import annotations

from typing import Self

from pydantic import ConfigDict, Field, FiniteFloat, JsonValue, model_validator

from drills.model.durations import Duration, format_duration
from drills.model.playbook import Model
from drills.model.probe import Outcome
from drills.probing.remote.config import LONGEST

#: The version of these messages; a prober refuses questions of a newer one.
FORMAT = 1


class Question(Model):
    """One check to make: a probe whose addresses are filled in.

    `asker` distinguishes callers that send the same probe: what a kind remembers between checks is kept for each.
    `ca` are the certificates to trust, as PEM: files of the asker's machine are not there.
    """

    format: int = FORMAT
    asker: str = Field("", max_length=64)
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    kind: str
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    assert_: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()
    timeout: Duration
    ca: str | None = None

    @model_validator(mode="after")
    def _ends_in_time(self) -> Self:
        if not 0 < self.timeout.total_seconds() <= LONGEST.total_seconds():
            raise ValueError(f"timeout must be more than 0 and at most {format_duration(LONGEST)}")
        return self


class Answer(Model):
    """A check made and judged there. Keys that a newer prober adds are passed over."""

    model_config = ConfigDict(extra="ignore")

    format: int
    outcome: Outcome
    reason: str = ""
    phases: dict[str, FiniteFloat] = Field(default_factory=dict)
    metrics: dict[str, FiniteFloat | bool] = Field(default_factory=dict)
