"""What a plugin of Nagios' kind prints: text, and performance data behind a bar.

    DISK OK - /: 60 % | /=2643MB;5948;5958;0;5968        the first line: text | performance data
    /home: 12 %                                          more text …
    /var: 3 % | /home=68MB;88;93;0;98                    … until a second bar:
    /var=818MB;970;975;0;980                             the rest is performance data

https://www.monitoring-plugins.org/doc/guidelines.html (PLUGOUTPUT); the bars of several lines: Nagios' pluginapi.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

#: Items that are read; a plugin for a large machine prints some hundreds.
_MOST = 4096
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_VALUE = re.compile(rf"({_NUMBER})([^\d;\s]*)")
#: One item: a label, in quotes with '' for a quote in it or without blanks and '='; and what follows the '='.
_ITEM = re.compile(r"\s*(?:'((?:[^']|'')*)'|([^\s='][^\s=]*))=(\S*)")
_TIMES = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
#: The guidelines do not say how many bytes a KB has; by check_disk's measure, and that of most plugins, 1024.
_BYTES = {f"{prefix}{end}": 1024.0**power for power, prefix in enumerate("KMGTPE", 1) for end in ("B", "iB")} | {"B": 1}
_FACTORS = {
    **{unit: (factor, "s") for unit, factor in _TIMES.items()},
    **{unit.lower(): (float(factor), "B") for unit, factor in _BYTES.items()},
}


@dataclass(frozen=True, slots=True)
class Measurement:
    """One item in base units: `s`, `B`, `%` (0 to 100), `c` for a counter, else as the plugin writes it.

    `value` is None when the plugin says that it could not be determined (`U`). `warn` and `crit` are ranges as the
    plugin writes them (`10`, `10:20`, `@5:6`, `~:10`), in its own unit; they may be empty.
    """

    label: str
    value: float | None
    unit: str = ""
    warn: str = ""
    crit: str = ""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Printed:
    """`text` is the first line without its performance data, `more` the further lines."""

    text: str
    more: str
    measurements: tuple[Measurement, ...]
    #: What stands where performance data is and is none, such as `used=much`.
    unreadable: tuple[str, ...]


def read_output(output: str) -> Printed:
    """Text and performance data. Never raises: what cannot be read is in `unreadable`."""
    first, _, rest = output.strip("\r\n").replace("\r\n", "\n").partition("\n")
    text, _, data = first.partition("|")
    more, _, further = rest.partition("|")
    found: dict[str, Measurement] = {}
    unreadable: list[str] = []
    for item in _items(f"{data} {further}".replace("\n", " ")):
        if isinstance(item, Measurement):
            found[item.label] = item
        else:
            unreadable.append(item)
    return Printed(text.strip(), more.strip(), tuple(found.values()), tuple(unreadable))


def _items(data: str) -> Iterator[Measurement | str]:
    at = count = 0
    while at < len(data) and count < _MOST:
        count += 1
        match = _ITEM.match(data, at)
        if match is None:
            # Up to the next blank there is no item.
            word = re.compile(r"\s*(\S*)").match(data, at)
            assert word is not None
            at = word.end()
            if word[1]:
                yield word[1][:80]
            continue
        at = match.end()
        quoted, plain, written = match.groups()
        label = quoted.replace("''", "'") if quoted is not None else plain
        yield _measurement(label, written) or f"{label}={written}"[:80]


def _measurement(label: str, written: str) -> Measurement | None:
    value, *others = (*written.split(";"), "", "", "", "")[:5]
    warn, crit, low, high = others
    if value in ("U", "u"):
        return Measurement(label, None, "", warn, crit)
    match = _VALUE.fullmatch(value.replace(",", ".") if value.count(",") == 1 and "." not in value else value)
    if match is None:
        return None
    factor, unit = _FACTORS.get(match[2].lower(), (1.0, match[2]))
    return Measurement(label, float(match[1]) * factor, unit, warn, crit, _bound(low, factor), _bound(high, factor))


def _bound(written: str, factor: float) -> float | None:
    match = _VALUE.fullmatch(written)
    return float(match[1]) * factor if match else None
