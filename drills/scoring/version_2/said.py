"""What the responder said and ticked in an incident, from the start of the response to the closing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from drills.model.acknowledging import acknowledgements
from drills.model.events import (
    Acknowledged,
    AlertFired,
    AlertResolved,
    CauseNamed,
    CommanderNamed,
    Decided,
    Escalated,
    PostMortemDrafted,
    SeverityDeclared,
    StepChecked,
    UpdatePosted,
)
from drills.model.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Said:
    """Everything that counts, in the order in which it was said. Empty for somebody who said nothing."""

    acknowledged: Mapping[str, float] = field(default_factory=dict)
    taken: tuple[float, ...] = ()
    declared: tuple[SeverityDeclared, ...] = ()
    commanders: tuple[CommanderNamed, ...] = ()
    updates: tuple[UpdatePosted, ...] = ()
    causes: tuple[CauseNamed, ...] = ()
    decisions: tuple[Decided, ...] = ()
    escalations: tuple[Escalated, ...] = ()
    ticks: Mapping[int, float] = field(default_factory=dict)
    all_clear: float | None = None
    post_mortem: float | None = None


#: What somebody who said nothing said.
NOTHING = Said()


def said_between(timeline: Timeline, since: float, until: float, all_clear: float | None) -> Said:
    """What was said from `since` to `until` (t), both included; `all_clear` is the one that closed the incident.

    An escalation that was raised because its time had come is not the responder's. A post-mortem counts whenever it
    comes.
    """
    counting = [event for event in timeline if since <= event.t <= until]
    window = Timeline(counting)
    alerts = [event for event in timeline if isinstance(event, AlertFired | AlertResolved)]
    ticks: dict[int, float] = {}
    for tick in window.all(StepChecked):
        ticks.setdefault(tick.step, tick.t)
    drafted = timeline.first(PostMortemDrafted)
    return Said(
        acknowledged=acknowledgements(Timeline([*alerts, *window.all(Acknowledged)])),
        taken=tuple(event.t for event in window.all(Acknowledged)),
        declared=window.all(SeverityDeclared),
        commanders=window.all(CommanderNamed),
        updates=window.all(UpdatePosted),
        causes=window.all(CauseNamed),
        decisions=window.all(Decided),
        escalations=tuple(event for event in window.all(Escalated) if not event.due),
        ticks=ticks,
        all_clear=all_clear,
        post_mortem=None if drafted is None else drafted.t,
    )
