"""A drill's timeline as a file of JSON Lines: one event a line, the first one `drill-started`.

What `drills export` writes, `drills score` reads. The first event carries the format's version; all older formats
can be read, a newer one is refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn, cast

from drills.errors import InvalidFiles, Problem
from drills.model.events import (
    EVENT_FORMAT,
    EVENT_KINDS,
    AlertChanged,
    AlertFired,
    DrillStarted,
    Event,
    SeverityDeclared,
    event_to_json,
)
from drills.model.timeline import Timeline
from drills.nearest import suggest
from drills.text_files import UnreadableFile, read_text
from drills.workspace.models import build_at
from drills.workspace.yaml_lines import of_one_line

#: Bytes of a file; a drill of an hour has about ten million.
MOST_BYTES = 256 * 1024 * 1024


def timeline_lines(timeline: Timeline) -> Iterator[str]:
    """Each event as a line of JSON, in the order of the timeline, without the line feed."""
    return (event_to_json(event) for event in timeline)


def read_timeline(path: Path) -> Timeline:
    """The timeline of a file. Raises InvalidFiles with every problem, each with its line and field."""
    file = str(path)
    try:
        lines = read_text(path, MOST_BYTES).splitlines()
    except UnreadableFile as why:
        raise InvalidFiles((Problem(file, why.line, "", why.wrong, why.right),)) from None
    events: list[tuple[int, Event]] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            event, wrong = _event(file, number, line)
            problems += wrong
            if event is not None:
                events.append((number, event.model_copy(update={"seq": len(events)})))
    problems += _misplaced(file, events, complete=not problems)
    if problems:
        raise InvalidFiles(sorted(problems, key=lambda each: each.line)[:MOST_PROBLEMS])
    return Timeline(event for _, event in events)


#: Problems that are listed; a file of something else has one on each line.
MOST_PROBLEMS = 20


def _event(file: str, number: int, line: str) -> tuple[Event | None, tuple[Problem, ...]]:
    try:
        data = json.loads(line, object_pairs_hook=_unique, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        said = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        return None, (Problem(file, number, "", f"is not an event in JSON ({said})", "write one object a line"),)
    document = of_one_line(file, data, number)
    if not isinstance(data, dict):
        return None, (document.problem((), "is not an event", 'write an object: {"kind": "…", "t": 0.0, …}'),)
    kind = data.get("kind")
    if not isinstance(kind, str):
        wrong = "is missing" if kind is None else "is not text"
        return None, (document.problem(("kind",), wrong, "write the event's"),)
    if kind not in EVENT_KINDS:
        return None, (document.problem(("kind",), f"{kind!r} is no event", suggest(kind, EVENT_KINDS)),)
    if kind == "drill-started" and isinstance(data.get("format"), int) and data["format"] > EVENT_FORMAT:
        wrong = f"format {data['format']} is newer than this version of drills reads ({EVENT_FORMAT})"
        return None, (document.problem(("format",), wrong, "upgrade drills"),)
    event, problems = build_at(document, (), data, EVENT_KINDS[kind])
    if event is not None and not (math.isfinite(event.t) and event.t >= 0):
        return None, (document.problem(("t",), f"{event.t} is no time", "write seconds since the drill began"),)
    return cast("Event | None", event), problems


def _misplaced(file: str, events: Sequence[tuple[int, Event]], *, complete: bool) -> Iterator[Problem]:
    """What is wrong with the events together; that there is no first one is told only where all could be read."""
    if not events or not isinstance(events[0][1], DrillStarted):
        if complete:
            wrong = "does not begin with the event drill-started" if events else "is empty"
            right = "begin with the event drill-started, which carries scenario and playbook"
            yield Problem(file, events[0][0] if events else 0, "", wrong, right)
        return
    levels = [level.name for level in events[0][1].playbook.levels]
    for line, event in events[1:]:
        match event:
            case DrillStarted():
                yield Problem(file, line, "kind", "a second drill begins here", "write each drill to a file of its own")
            case SeverityDeclared() | AlertFired() | AlertChanged() if event.level not in levels:
                wrong = f"{event.level!r} is no level of the playbook {events[0][1].playbook.name}"
                yield Problem(file, line, "level", wrong, suggest(event.level, levels))
            case _:
                pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} is written twice")
    return found


def _no_number(said: str) -> NoReturn:
    raise ValueError(f"{said} is not a number of JSON")
