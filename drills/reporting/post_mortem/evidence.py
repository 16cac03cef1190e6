"""The events that a document's sentences rest on, as links to a list at its end."""

from __future__ import annotations

from drills.model import events as e
from drills.model.playbook import Audience, Milestone
from drills.model.probe import probe_from
from drills.model.scorecard import Scorecard
from drills.model.timeline import Timeline
from drills.reporting.markdown_table import escaped
from drills.reporting.sections.happenings import said
from drills.reporting.sections.moments import moment_at
from drills.reporting.wording import count, one_line, words

#: The events that reach a milestone of the responder.
_REACHED_BY: dict[Milestone, tuple[type[e.Base], ...]] = {
    Milestone.INJECTED: (e.FaultApplied,),
    Milestone.DETECTED: (e.AlertFired, e.AlertChanged),
    Milestone.ACKNOWLEDGED: (e.Acknowledged,),
    Milestone.SEVERITY_DECLARED: (e.SeverityDeclared,),
    Milestone.COMMANDER_NAMED: (e.CommanderNamed,),
    Milestone.FIRST_UPDATE: (e.UpdatePosted,),
    Milestone.STATUS_PAGE: (e.UpdatePosted,),
    Milestone.CAUSE_NAMED: (e.CauseNamed,),
    Milestone.ALL_CLEAR: (e.AllClear,),
    Milestone.FIRST_IMPACT: (e.TrafficSecond,),
    Milestone.MITIGATED: (e.TrafficSecond,),
}
#: Moments are rounded to thousandths of a second when they are stored.
_ROUNDED = 0.0015


class Evidence:
    """Cites events by their numbers in the store, and remembers which."""

    def __init__(self, timeline: Timeline, card: Scorecard) -> None:
        self._timeline = timeline
        self._card = card
        self._cited: dict[int, e.Base] = {}

    def cite(self, *events: e.Base | None) -> str:
        """`[#12] [#15]`; nothing for events that there were not."""
        found = {event.seq: event for event in events if event is not None}
        self._cited |= found
        return " ".join(f"[#{number}]" for number in found)

    def at(self, milestone: Milestone) -> str:
        """Cites what reached this milestone; the end of what was scored when nothing did."""
        return self.cite(self.event_of(milestone) or self.end)

    @property
    def end(self) -> e.Base | None:
        """The event that ended what was scored."""
        return self._timeline.first(e.DrillEnded, e.DrillAborted, e.EnvironmentLost) or self._timeline.start

    def event_of(self, milestone: Milestone) -> e.Base | None:
        """The event that reached it: a correction, or the first of its kind from its moment on; None if none did."""
        t = self._card.milestones.get(milestone)
        if t is None:
            return None
        for event in self._timeline.all(e.Corrected):
            if event.milestone is milestone and event.when == t:
                return event
        kinds = _REACHED_BY.get(milestone, ())
        fitting = (
            event
            for event in self._timeline.all(*kinds)
            if event.t >= t - _ROUNDED
            and (
                milestone is not Milestone.STATUS_PAGE
                or (isinstance(event, e.UpdatePosted) and event.audience is Audience.STATUS_PAGE)
            )
        )
        return next(fitting, None)

    def listed(self) -> str:
        """The events that were cited, each with a place that links lead to, and the links' definitions."""
        cited = [event for _, event in sorted(self._cited.items())]
        lines = [f'- <a id="event-{event.seq}"></a>**#{event.seq}** {self._line(event)}' for event in cited]
        links = [f"[#{event.seq}]: #event-{event.seq}" for event in cited]
        return "\n".join(lines) + "\n\n" + "\n".join(links)

    def _line(self, event: e.Base) -> str:
        moment = moment_at(self._timeline, event.t)
        what, detail = _told(event)
        return f"{moment.clock} ({moment.stopwatch}) {escaped(what)}{f': {escaped(detail)}' if detail else ''}"


def _told(event: e.Base) -> tuple[str, str]:
    if isinstance(event, e.DrillStarted):
        return "Drill started", f"scenario {event.scenario.name}, playbook {event.playbook.name}"
    if isinstance(event, e.TrafficSecond):
        return "Users' traffic in this second", _second(event)
    if isinstance(event, e.ProbeObserved):
        return f"Check of {probe_from(event.probe, event.vantage)}: {event.outcome.value}", one_line(event.reason)
    return said(event) or (words(event.kind), "")  # type: ignore[attr-defined]


def _second(event: e.TrafficSecond) -> str:
    hurt = sum(route.failed + route.slow + route.missed for route in event.routes.values())
    return (
        f"{count(hurt)} requests failed, were slow or could not be sent; "
        f"{event.users_suffering} of {event.users} users affected"
    )
