"""Reading a service's log: by time and by pattern, in whatever form the service writes its times."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from drills.errors import BadInput, EnvironmentFailed
from drills.model.patterns import PatternError, compile_pattern

#: ISO 8601 as in JSON lines; PostgreSQL's `%m` in UTC. The second alternative is Redis's own form.
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)\s*(Z|UTC|[+-]\d\d:?\d\d)?")
_REDIS = re.compile(r"(\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d{3})")
#: A time stands near the beginning of a line; further on it would be part of a message.
_NEAR = 120


def read_log(path: Path, *, after: datetime | None, grep: str | None) -> Sequence[str]:
    """The log's lines, oldest first; those without a time go with the line before. Raises BadInput for the pattern."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return tuple(chosen((), after=after, grep=grep))
    except OSError as error:
        raise EnvironmentFailed(f"{path}: cannot be read: {error.strerror}") from error
    return chosen(text.splitlines(), after=after, grep=grep)


def chosen(lines: Iterable[str], *, after: datetime | None, grep: str | None) -> Sequence[str]:
    """Those of the lines that are as young and match; as `read_log` does. Raises BadInput for the pattern."""
    try:
        pattern = compile_pattern(grep) if grep else None
    except PatternError as error:
        raise BadInput(f"grep: {grep!r} {error}") from None
    kept = []
    recent = after is None
    for line in lines:
        if after is not None and (said := time_of(line)) is not None:
            recent = said >= after
        if recent and (pattern is None or pattern.found_in(line)):
            kept.append(line)
    return kept


def in_order(lines: Iterable[str]) -> Sequence[str]:
    """Lines of several writers by their times; those without a time stay behind the line before."""
    placed: list[tuple[datetime, str]] = []
    last = datetime.min.replace(tzinfo=UTC)
    for line in lines:
        last = time_of(line) or last
        placed.append((last, line))
    return [line for _at, line in sorted(placed, key=lambda each: each[0])]


def time_of(line: str) -> datetime | None:
    """When the line was written, in UTC; None when it does not say."""
    if match := _ISO.search(line, 0, _NEAR):
        day, clock, zone = match.groups()
        said = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if zone in (None, 'Z', 'UTC') else zone}")
        return said.astimezone(UTC)
    if match := _REDIS.search(line, 0, _NEAR):
        return datetime.strptime(match[1], "%d %b %Y %H:%M:%S.%f").replace(tzinfo=UTC)
    return None
