"""A command as data: what to run, for how long, with which additional environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Command:
    """`run` is a script for `sh`, or the words of a program; `limit` is in seconds."""

    run: str | tuple[str, ...]
    limit: float
    environment: Mapping[str, str] = field(default_factory=dict)
