"""What a facilitator put right: the timeline as it would be had the responder's act been recorded at its true time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drills.model.acknowledging import open_alerts
from drills.model.events import (
    Acknowledged,
    AllClear,
    Base,
    CauseNamed,
    CommanderNamed,
    Corrected,
    Event,
    PostMortemDrafted,
    SeverityDeclared,
    UpdatePosted,
)
from drills.model.playbook import Audience, MessageStatus, Milestone
from drills.model.timeline import Timeline
from drills.scoring.version_2.incidents import incidents_of

#: The events by which a responder reaches a milestone; the others are measured, and cannot be corrected.
_REACHED_BY: Mapping[Milestone, type[Base]] = {
    Milestone.ACKNOWLEDGED: Acknowledged,
    Milestone.SEVERITY_DECLARED: SeverityDeclared,
    Milestone.COMMANDER_NAMED: CommanderNamed,
    Milestone.FIRST_UPDATE: UpdatePosted,
    Milestone.STATUS_PAGE: UpdatePosted,
    Milestone.CAUSE_NAMED: CauseNamed,
    Milestone.ALL_CLEAR: AllClear,
    Milestone.POST_MORTEM: PostMortemDrafted,
}


@dataclass(frozen=True, slots=True)
class _Part:
    since: float
    until: float


def is_corrected(timeline: Timeline) -> bool:
    """Whether a correction counts: one of what a responder does, none of what is measured."""
    return any(event.milestone in _REACHED_BY for event in timeline.all(Corrected))


def corrected(timeline: Timeline) -> Timeline:
    """The timeline with the last correction of each milestone in each incident made.

    The first such event of the incident in whose part the corrected moment lies is moved there. Where there is none it
    is added, unless it would have had to say which level or which cause.
    """
    parts = _parts(timeline)
    last: dict[tuple[Milestone, int], Corrected] = {}
    for event in timeline.all(Corrected):
        if event.milestone in _REACHED_BY:
            last[event.milestone, _number(parts, event.when)] = event
    events = list(timeline)
    for correction in last.values():
        part = parts[_number(parts, correction.when)] if parts else _Part(float("-inf"), float("inf"))
        found = next((event for event in events if _is_of(event, correction.milestone, part)), None)
        if found is not None:
            events.remove(found)
            events.append(_moved(timeline, found, correction.when))
        elif (added := _added(correction)) is not None:
            events.append(added)
    return Timeline(events)


def _parts(timeline: Timeline) -> tuple[_Part, ...]:
    found = incidents_of(timeline)
    return tuple(
        _Part(each.injected, found[index + 1].injected if index + 1 < len(found) else float("inf"))
        for index, each in enumerate(found)
    )


def _number(parts: tuple[_Part, ...], t: float) -> int:
    return next((index for index, part in enumerate(parts) if t < part.until), max(0, len(parts) - 1))


def _is_of(event: Event, milestone: Milestone, part: _Part) -> bool:
    if not isinstance(event, _REACHED_BY[milestone]) or not part.since <= event.t < part.until:
        return False
    page = milestone is Milestone.STATUS_PAGE
    return not page or (isinstance(event, UpdatePosted) and event.audience is Audience.STATUS_PAGE)


def _moved(timeline: Timeline, event: Event, when: float) -> Event:
    """The same at another time; an acknowledgement is of the alerts that were open when it was recorded."""
    update: dict[str, object] = {"t": when}
    if isinstance(event, Acknowledged) and not event.alerts:
        update["alerts"] = tuple(alert.alert_id for alert in open_alerts(timeline, event.t))
    return event.model_copy(update=update)


def _added(correction: Corrected) -> Event | None:
    """What was done and never recorded, such as an acknowledgement by phone."""
    moment = {"t": correction.when, "at": correction.at, "seq": correction.seq}
    match correction.milestone:
        case Milestone.ACKNOWLEDGED:
            return Acknowledged(**moment)
        case Milestone.COMMANDER_NAMED:
            return CommanderNamed(commander="not recorded", **moment)
        case Milestone.FIRST_UPDATE | Milestone.STATUS_PAGE as milestone:
            audience = Audience.TEAM if milestone is Milestone.FIRST_UPDATE else Audience.STATUS_PAGE
            status = MessageStatus.INVESTIGATING
            return UpdatePosted(audience=audience, status=status, text=correction.why, message=correction.why, **moment)
        case Milestone.ALL_CLEAR:
            return AllClear(text=correction.why, **moment)
        case Milestone.POST_MORTEM:
            return PostMortemDrafted(path=correction.why, **moment)
        case _:
            return None
