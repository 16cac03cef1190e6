"""The formats in which targets expose their metrics: Prometheus' text 0.0.4 and OpenMetrics 1.0.

Sources: prometheus.io/docs/instrumenting/exposition_formats, and the OpenMetrics 1.0 specification. As Prometheus
does, every line is checked, also those of metrics that nobody asked for: an answer that was cut off, or that another
program wrote into, must not look like one in which nothing fails. What cannot change a figure is accepted in both
formats: `\\r\\n`, blank lines, a trailing comma, a missing last line end, an exemplar.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Generator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

#: Both formats are read; the older one is preferred, because its metrics have the names that people see with curl.
ACCEPT = "text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0;q=0.8, text/plain;q=0.5, */*;q=0.1"
OPENMETRICS = "application/openmetrics-text"

#: Lines that are read in one go: two or three milliseconds.
SLICE = 500
#: How much of a line a problem shows.
_SHOWN = 60

_QUOTED = r'"(?:[^"\\]++|\\.)*+"'
_BRACES = rf'\{{(?:[^"{{}}]++|{_QUOTED})*+\}}'
_NUMBER = r"[+-]?(?:(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?|(?i:inf(?:inity)?)|(?i:nan))"
_SAMPLE = re.compile(
    rf"([a-zA-Z_:][a-zA-Z0-9_:]*+)?[ \t]*+({_BRACES})?[ \t]*+(?<=[ \t}}])({_NUMBER})(?:[ \t]++({_NUMBER}))?"
    rf"(?:[ \t]++#[ \t]++{_BRACES}[ \t]++{_NUMBER}(?:[ \t]++{_NUMBER})?)?[ \t]*+\r?+"
)
_VALUE = re.compile(_NUMBER)
_LABEL = re.compile(rf"[ \t]*+(?:([a-zA-Z_][a-zA-Z0-9_]*+|{_QUOTED})[ \t]*+=[ \t]*+)?({_QUOTED})[ \t]*+(,|$)")
_HEAD = re.compile(rf"(?:[a-zA-Z_:][a-zA-Z0-9_:]*+[ \t]*+(?:{_BRACES})?+|{_BRACES})[ \t]*+")
_ESCAPE = re.compile(r'\\([\\"n])')
_DECLARED = re.compile(rf"#[ \t]++(HELP|TYPE)[ \t]++([^ \t\"]++|{_QUOTED})(?:[ \t]++(.*?))?[ \t\r]*+")


class Series(NamedTuple):
    """One time series: its name and its labels, sorted. A tuple, because thousands are looked up at every scrape."""

    name: str
    labels: tuple[tuple[str, str], ...] = ()

    def label(self, name: str) -> str:
        """The label's value, or an empty text when the series has no such label (as Prometheus sees it)."""
        return next((value for key, value in self.labels if key == name), "")


@dataclass(slots=True)
class Exposition:
    """One answer, read. `names` are those of its samples, with the series of each; `types` are those of the families
    that it declares (empty when it has only their help).

    `problem` is the first thing wrong with it, with its line: then a sample may be missing, and what the samples say
    is not the whole truth.
    """

    samples: dict[Series, float] = field(default_factory=dict)
    names: dict[str, list[Series]] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    problem: str = ""


class ExpositionReader:
    """Reads one endpoint again and again, and keeps the samples of the wanted names only.

    What stands before the value is remembered from one answer to the next, in which most lines have only another value:
    to take them apart anew would cost five times as much.
    """

    def __init__(self, wanted: Collection[str]) -> None:
        self._wanted = frozenset(wanted)
        self._known: dict[str, Series | None] = {}

    def read(self, text: str, *, openmetrics: bool = False) -> Exposition:
        """The whole answer at once."""
        reading = self.reading(text, openmetrics=openmetrics)
        while True:
            try:
                next(reading)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]

    def reading(self, text: str, *, openmetrics: bool = False) -> Generator[None, None, Exposition]:
        """Reads slice by slice, so that an event loop can do something else in between; returns the whole."""
        lines = text.removeprefix("\ufeff").split("\n")
        reading = _Reading(self._wanted, self._known, openmetrics)
        for begin in range(0, len(lines), SLICE):
            if begin:
                yield
            for number, line in enumerate(lines[begin : begin + SLICE], begin + 1):
                reading.line(number, line)
        if openmetrics and not reading.ended:
            reading.note(len(lines), "the answer ends without # EOF: it was cut off")
        self._known = reading.known
        return reading.found


class _Reading:
    """One answer, line by line. `known` are its series by what stands before the value; None: not wanted."""

    def __init__(self, wanted: frozenset[str], before: Mapping[str, Series | None], openmetrics: bool) -> None:
        self.found = Exposition()
        self.known: dict[str, Series | None] = {}
        self.ended = False
        self._wanted = wanted
        self._before = before
        self._openmetrics = openmetrics
        self._stamps: dict[Series, float] = {}

    def line(self, number: int, line: str) -> None:
        head, _, value = line.rpartition(" ")
        try:
            if head in self._before and _VALUE.fullmatch(value) and not self.ended:
                self._take(head, value, None)
            else:
                self._new_line(line.strip(" \t\r"))
        except ValueError as wrong:
            self.note(number, f"{_shown(line)}: {wrong}")

    def note(self, number: int, what: str) -> None:
        """What is wrong; the first thing counts."""
        if not self.found.problem:
            self.found.problem = f"line {number}: {what}"

    def _new_line(self, line: str) -> None:
        if not line:
            return
        if self.ended:
            raise ValueError("it stands after # EOF")
        if line.startswith("#"):
            self._comment(line)
            return
        match = _SAMPLE.fullmatch(line)
        if match is None:
            raise ValueError(f"not a sample: {_why_not(line)}")
        self._take(line[: match.end(2 if match[2] else 1)], match[3], match[4])

    def _comment(self, line: str) -> None:
        if self._openmetrics and line == "# EOF":
            self.ended = True
        elif match := _DECLARED.fullmatch(line):
            name, declared = match[2], match[3] or ""
            name = _unquoted(name) if name.startswith('"') else name
            if match[1] == "TYPE":
                self.found.types[name] = declared
            else:
                self.found.types.setdefault(name, "")

    def _take(self, head: str, written: str, stamped: str | None) -> None:
        series = self.known[head] = self._before[head] if head in self._before else self._series(head)
        if series is None:
            return
        samples, stamps = self.found.samples, self._stamps
        value, stamp = float(written), None if stamped is None else float(stamped)
        earlier = samples.setdefault(series, value)
        if earlier is value:
            self.found.names.setdefault(series.name, []).append(series)
        else:
            # OpenMetrics lets a series stand with several timestamps, of which the last counts; at one time it has one.
            if stamp == stamps.get(series):
                if value != earlier:
                    raise ValueError(f"this series occurs twice, and was {earlier:g} before")
                return
            if stamp is None or series not in stamps:
                raise ValueError("this series occurs twice, once without a timestamp")
            if stamp < stamps[series]:
                return
            samples[series] = value
        if stamp is not None:
            stamps[series] = stamp

    def _series(self, head: str) -> Series | None:
        series = _series(head)
        return series if series.name in self._wanted else None


def _series(head: str) -> Series:
    """The series that is written like this. Raises ValueError that says what is wrong."""
    written, _, inside = head.partition("{")
    name, inside, at = written.rstrip(" \t"), inside[:-1].rstrip(" \t"), 0
    labels: dict[str, str] = {}
    while at < len(inside):
        match = _LABEL.match(inside, at)
        if match is None:
            raise ValueError(f"its labels are wrong at {_shown(inside[at:])}")
        value = _unquoted(match[2])
        if match[1] is not None:
            label = _unquoted(match[1]) if match[1].startswith('"') else match[1]
            if label in labels:
                raise ValueError(f"it has the label {label} twice")
            labels[label] = value
        elif name:
            raise ValueError("it has two names")
        else:
            name = value
        at = match.end()
    if not name:
        raise ValueError("it has no name")
    return Series(name, tuple(sorted(labels.items())))


def _unquoted(text: str) -> str:
    """What stands between quotes. A backslash before anything but a backslash, a quote or `n` stands for itself."""
    return _ESCAPE.sub(lambda match: "\n" if match[1] == "n" else match[1], text[1:-1])


def _why_not(line: str) -> str:
    head = _HEAD.match(line)
    if head is None:
        return "it does not begin with the name of a metric"
    if line[head.end() :].startswith("{"):
        return "its braces are not closed, or hold no labels"
    value = line[head.end() :].split()[:1]
    if not value:
        return "it has no value"
    if not _VALUE.fullmatch(value[0]):
        return f"{_shown(value[0])} is not a number"
    return "something stands after its value that is neither a timestamp nor an exemplar"


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…")
