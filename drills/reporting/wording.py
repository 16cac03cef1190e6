"""Values as people read them, and text from outside made harmless for any format.

Times are UTC. Text that came out of a drill (outputs, notes, reasons) is untrusted: `clean` makes visible what
would steer a terminal or what no document may hold; each format still escapes it in its own way.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

from drills.model.durations import humane
from drills.model.metrics import CATALOGUE, Unit
from drills.model.visible import visible

#: The space between a number and its unit.
_UNIT = re.compile(r"(?<=\d) (?=(?:ms|s|m|h|d|%)(?!\w))")

NOT_MEASURED = "not measured"


def harmless(text: str) -> str:
    """The text with all that it holds to be seen, also what no document may hold; line ends are `\\n`."""
    return visible(text.replace("\r\n", "\n").replace("\r", "\n"))


def clean(text: str) -> str:
    """`harmless`, without what is blank at its end."""
    return harmless(text).rstrip()


def one_line(text: str) -> str:
    """`clean`, on one line."""
    return " ".join(clean(text).split())


def prose(text: str) -> str:
    """`one_line`, with no line broken between a number and its unit."""
    return _UNIT.sub("\N{NO-BREAK SPACE}", one_line(text))


def date_and_time(at: datetime) -> str:
    """`2026-11-21 14:03:05 UTC`."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def day(at: datetime) -> str:
    """`21 November 2026`."""
    moment = at.astimezone(UTC)
    return f"{moment.day} {moment:%B %Y}"


def time_of_day(at: datetime) -> str:
    """`14:03:05`, in UTC."""
    return at.astimezone(UTC).strftime("%H:%M:%S")


def offset(t: float) -> str:
    """Time since the drill began as on a stopwatch: `00:27.4`, `1:02:03.0`."""
    tenths = round(abs(t) * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    clock = f"{minutes:02d}:{rest // 10:02d}.{rest % 10}"
    return ("-" if t < 0 and tenths else "") + (f"{hours}:{clock}" if hours else clock)


def latency(seconds: float | None) -> str:
    """`4 ms`, `820 ms`, `3.41 s`."""
    if seconds is None or not math.isfinite(seconds):
        return NOT_MEASURED
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.00095 or seconds == 0 else "< 1 ms"
    return f"{seconds:.2f} s" if seconds < 10 else humane(seconds)


def percent(share: float | None) -> str:
    """`18.0 %`; `0 %` and `100 %` only for none and all, so that a small share is never shown as nothing."""
    if share is None or not math.isfinite(share):
        return NOT_MEASURED
    if share in (0, 1):
        return f"{share * 100:.0f} %"
    if 0.9995 <= share < 1:
        return "> 99.9 %"
    return "< 0.1 %" if 0 < share < 0.0005 else f"{share * 100:.1f} %"


def count(number: float) -> str:
    """`1,204`."""
    return f"{number:,.0f}"


def points(number: float) -> str:
    """`20`, `1.9`."""
    return f"{number:.1f}".removesuffix(".0")


def metric_value(name: str, value: float | bool | None) -> str:
    """A value of a metric of the catalogue, in its unit."""
    if value is None or not math.isfinite(value):
        return NOT_MEASURED
    unit = CATALOGUE[name].unit if name in CATALOGUE else None
    if unit is Unit.TRUTH or isinstance(value, bool):
        return "yes" if value else "no"
    if unit is Unit.SHARE:
        return percent(value)
    if unit is Unit.SECONDS:
        return latency(value)
    if unit is Unit.PER_MINUTE:
        return f"{count(value)} /min"
    return count(value) if value == round(value) else f"{value:,.2f}"


def words(identifier: str) -> str:
    """`limit-reached` → `limit reached`."""
    return identifier.replace("-", " ").replace("_", " ")
