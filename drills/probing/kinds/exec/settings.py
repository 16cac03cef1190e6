"""The settings of an exec probe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, field_validator

from drills.model.metrics import CATALOGUE, Unit
from drills.nearest import suggest
from drills.probing.settings_model import ForOthers, SettingsModel


def _checked_text(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds a zero byte, which no command can be given")
    return text


def _checked_variable(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError(f"{name!r} is not a variable's name; write letters, digits and '_'")
    return name


_Text = Annotated[str, AfterValidator(_checked_text)]
_Variable = Annotated[str, AfterValidator(_checked_variable)]


class ExecSettings(SettingsModel):
    """One run of a command that speaks by its exit status, as plugins of Nagios, Icinga and Sensu do."""

    for_others: ClassVar[ForOthers] = ForOthers.IF_ALLOWED
    files: ClassVar[frozenset[str]] = frozenset({"folder"})
    names = frozenset({"time", "status", "output", "long_output", "metrics", "perf"})
    metrics = frozenset(name for name, each in CATALOGUE.items() if each.unit is not Unit.TRUTH)

    command: tuple[str, ...] | str = Field(description="The program and its arguments, or a line for `sh -c`.")
    folder: str = Field(".", description="Where it runs; absent: the workspace's folder.")
    environment: dict[_Variable, _Text] = Field(
        default_factory=dict, description="Variables beside PATH, HOME, USER and the like."
    )
    inherit: tuple[_Variable, ...] = Field((), description="Variables of drills' own that the command gets too.")
    report: dict[str, str] = Field(
        default_factory=dict,
        description="Metric of playbooks' thresholds → label of performance data; % as shares.",
    )

    @field_validator("command", mode="before")
    @classmethod
    def _is_one(cls, command: Any) -> Any:
        words = command if isinstance(command, list | tuple) else [command]
        for word in words:
            if not isinstance(word, str):
                raise ValueError(f"{word!r} is not a text; write [program, argument …] or one line for sh, in quotes")  # noqa: TRY004
            _checked_text(word)
        if not words or not words[0].strip():
            raise ValueError("is empty; write the program and its arguments, such as [check_disk, -w, 10%]")
        return command

    @field_validator("report")
    @classmethod
    def _are_metrics(cls, report: dict[str, str]) -> dict[str, str]:
        for name in report.keys() - cls.metrics:
            raise ValueError(f"{name!r} is not a metric of thresholds; {suggest(name, cls.metrics)}")
        return report

    @classmethod
    def supplied_by(cls, settings: Mapping[str, Any]) -> frozenset[str]:
        report = settings.get("report")
        return cls.metrics & frozenset(report) if isinstance(report, dict) else frozenset()
