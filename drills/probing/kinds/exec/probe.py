"""A command that speaks by its exit status and its output, as plugins of Nagios do.

    0 OK │ 1 WARNING: degraded │ 2 CRITICAL: fails │ 3 UNKNOWN, and whatever is none of these: unknown

It runs under a supervisor: when the time is up, or the prober ends, nothing that it has started is left, in the
background or not. https://www.monitoring-plugins.org/doc/guidelines.html
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from drills.errors import BadInput
from drills.model.visible import visible, visible_line
from drills.probing.bind import BoundProbe
from drills.probing.engine.paths import fields_of
from drills.probing.kinds.exec.performance_data import Measurement, Printed, read_output
from drills.probing.kinds.exec.settings import ExecSettings
from drills.probing.seen import Check, ProbeContext, Seen
from drills.processes.supervised import CommandEnd, run_supervised

#: Commands that one prober runs at once; each begins with an interpreter of its own.
_AT_ONCE = 16
#: Seconds that a command's processes have to end in good order once its time is up.
_GRACE = 0.2
#: What a command gets of drills' own environment: no passwords and keys that others may be meant to have.
_HANDED_ON = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TZ", "LANG", "TMPDIR")
_NAMES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
_LONGEST = 200


class _Slots:
    """The commands that may run at once."""

    def __init__(self) -> None:
        self.free = asyncio.Semaphore(_AT_ONCE)


def prepare(probe: BoundProbe, context: ProbeContext) -> Check:
    """A check that runs the command once. Raises BadInput for a folder that there is not."""
    settings = cast(ExecSettings, probe.settings)
    words = settings.command if isinstance(settings.command, tuple) else ("sh", "-c", settings.command)
    folder = Path(settings.folder)
    if not folder.is_dir():
        raise BadInput(f"probe {probe.name}: exec.folder: {folder} is not a folder")
    slots = context.shared(_Slots)
    labels = _labels(probe)

    async def check() -> Seen:
        began = context.monotonic()
        try:
            async with asyncio.timeout(probe.timeout):
                await slots.free.acquire()
        except TimeoutError:
            return Seen(unknown=f"the prober is overloaded: {_AT_ONCE} commands are already running")
        try:
            left = max(0.001, probe.timeout - (context.monotonic() - began))
            end = await run_supervised(words, folder, _environment(settings), left, spared="", apart=True, grace=_GRACE)
        finally:
            slots.free.release()
        phases = {"total": context.monotonic() - began}
        if end.timed_out:
            said = visible_line(read_output(end.output).text)[:_LONGEST]
            return Seen(failure=f"no result within {probe.timeout:g} s{f': {said}' if said else ''}", phases=phases)
        return _seen(settings, end, phases, labels)

    return check


def _environment(settings: ExecSettings) -> dict[str, str]:
    """What the command gets. Decimals have a point in it, unless the probe says otherwise."""
    own = {name: os.environ[name] for name in (*_HANDED_ON, *settings.inherit) if name in os.environ}
    return {**own, "LC_ALL": "C.UTF-8", **settings.environment}


def _labels(probe: BoundProbe) -> frozenset[str]:
    """The labels that conditions ask for, as far as that can be told."""
    conditions = (*probe.asserts, *probe.degraded)
    named = (fields_of(name, conditions) or frozenset() for name in ("metrics", "perf"))
    return frozenset[str]().union(*named)


def _seen(settings: ExecSettings, end: CommandEnd, phases: dict[str, float], labels: frozenset[str]) -> Seen:
    printed = read_output(visible(end.output))
    status = end.status
    if status is None or status not in range(4):
        return Seen(unknown=_no_result(end, printed), phases=phases)
    known = {each.label: each for each in printed.measurements}
    values: dict[str, Any] = {
        "status": status,
        "output": printed.text,
        "long_output": printed.more,
        "metrics": {label: each.value for label, each in known.items() if each.value is not None},
        "perf": {label: _fields(each) for label, each in known.items()},
        "time": {"total": phases["total"]},
    }
    reason = visible_line(printed.text or _first_line(end.errors) or f"{_NAMES[status]}, and no output")[:_LONGEST]
    return Seen(
        values,
        phases,
        _reported(settings.report, known),
        failure=reason if status == 2 else "",
        unknown=reason if status == 3 else "",
        degraded=reason if status == 1 else "",
        withheld=_withheld(labels, known, printed),
    )


def _fields(measured: Measurement) -> dict[str, Any]:
    numbers = {"value": measured.value, "min": measured.low, "max": measured.high}
    texts = {"unit": measured.unit, "warn": measured.warn, "crit": measured.crit}
    return {**texts, **{name: number for name, number in numbers.items() if number is not None}}


def _reported(report: Mapping[str, str], known: Mapping[str, Measurement]) -> dict[str, float | bool]:
    """Shares are 0 to 1 in thresholds, and percent in performance data."""
    found: dict[str, float | bool] = {}
    for metric, label in report.items():
        measured = known.get(label)
        if measured is not None and measured.value is not None:
            found[metric] = measured.value / 100 if measured.unit == "%" else measured.value
    return found


def _withheld(labels: frozenset[str], known: Mapping[str, Measurement], printed: Printed) -> dict[str, str]:
    """Why something that is asked for is not known, if it is not. A label that is not there is another matter."""
    said = [f"{label}=U" for label in sorted(labels) if label in known and known[label].value is None]
    said += [wrong for wrong in printed.unreadable if wrong.partition("=")[0] in labels]
    return dict.fromkeys(("metrics", "perf"), f"the command says {visible_line(said[0])}") if said else {}


def _no_result(end: CommandEnd, printed: Printed) -> str:
    """Why the result is not one of the convention's four."""
    said = visible_line(_first_line(end.errors) or printed.text)[:_LONGEST]
    if end.why:
        return end.why
    if end.status is not None and end.status > 128:
        why = f"the command was ended by signal {end.status - 128}"
    elif end.status in (126, 127):
        why = "the command cannot be run"
    else:
        why = f"exit status {end.status} is not one of 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN"
    return f"{why}: {said}" if said else why


def _first_line(text: str) -> str:
    return next((line for line in text.splitlines() if line.strip()), "")
