"""Questions that need several answers of the sandbox: health over a period, logs of several services."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drills.errors import BadInput

if TYPE_CHECKING:
    from drills.sandbox.sandbox import Sandbox

#: Seconds between two health checks.
_PAUSE = 0.2


@dataclass(frozen=True, slots=True)
class Health:
    """Whether everything is healthy, and per endpoint or service whether it is, with its last answer."""

    well: bool
    answers: Mapping[str, tuple[bool, str]]


def wait_for_health(sandbox: Sandbox, *, every: bool, patience: float, steady: float) -> Health:
    """Ask until everything has been healthy for `steady` seconds without a break; at most `patience` seconds longer.

    Without `every` only the health endpoints are asked, where there are some.
    """
    deadline = time.monotonic() + patience + steady
    well_since: float | None = None
    while True:
        answers = sandbox.health()
        if not every:
            answers = {name: answer for name, answer in answers.items() if "/" in name} or answers
        now = time.monotonic()
        if all(good for good, _ in answers.values()):
            well_since = now if well_since is None else well_since
            if now - well_since >= steady:
                return Health(True, answers)
        else:
            well_since = None
        if now >= deadline:
            return Health(False, answers)
        time.sleep(_PAUSE)


def known_services(sandbox: Sandbox, names: Sequence[str]) -> tuple[str, ...]:
    """The names without duplicates. Raises BadInput for an unknown one, before any service is asked."""
    from drills.nearest import suggest

    known = sandbox.service_names
    for name in names:
        if name.partition("/")[0] not in known:
            raise BadInput(f"there is no service {name!r}; {suggest(name, known)}")
    return tuple(dict.fromkeys(names))
