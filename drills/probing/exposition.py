"""Prometheus' text format, only as much of it as a probe asks for."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass

_LINE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?\s*")
_LABEL = re.compile(r'\s*([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*,?')
_ESCAPE = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Series:
    """One time series: its name and its labels, sorted."""

    name: str
    labels: tuple[tuple[str, str], ...] = ()

    def label(self, name: str) -> str:
        """The label's value, or an empty text when the series has no such label (as Prometheus sees it)."""
        return next((value for key, value in self.labels if key == name), "")


def parse_exposition(text: str, wanted: Collection[str]) -> dict[Series, float]:
    """The samples of the wanted names. Comments, other names, NaN and lines that are not samples are left out.

    Lines are told apart by their beginnings first: an endpoint may hold thousands of series that nobody asked for.
    """
    beginnings = tuple(wanted)
    samples: dict[Series, float] = {}
    for line in text.splitlines():
        if not line.startswith(beginnings) or (match := _LINE.fullmatch(line)) is None or match[1] not in wanted:
            continue
        try:
            value = float(match[3])
        except ValueError:
            continue
        if not math.isnan(value):
            samples[Series(match[1], _labels(match[2] or ""))] = value
    return samples


def _labels(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((match[1], _ESCAPE.sub(_unescape, match[2])) for match in _LABEL.finditer(text)))


def _unescape(match: re.Match[str]) -> str:
    return "\n" if match[1] == "n" else match[1]
