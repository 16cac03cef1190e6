"""Where the time went: detect → triage → investigate → mitigate → resolve → post-mortem, and the playbook's phases."""

from __future__ import annotations

from dataclasses import dataclass

from drills.core.playbook import Milestone, Phase
from drills.core.scorecard import Row, Scorecard, Topic, Verdict
from drills.core.timeline import Timeline
from drills.reporting.sections.limits import actual, earned, rows_of
from drills.reporting.wording import one_line, span, words

#: The phases of an incident and the milestone that completes each.
LIFECYCLE: tuple[tuple[str, Milestone], ...] = (
    ("Detect", Milestone.DETECTED),
    ("Triage", Milestone.SEVERITY_DECLARED),
    ("Investigate", Milestone.CAUSE_NAMED),
    ("Mitigate", Milestone.MITIGATED),
    ("Resolve", Milestone.ALL_CLEAR),
    ("Post-mortem", Milestone.POST_MORTEM),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A phase of the response as it went. `ended` is None for one that was not completed."""

    name: str
    ends_with: str
    began: float
    ended: float | None
    seconds: float
    share: float

    @property
    def took(self) -> str:
        return span(self.seconds) if self.ended is not None else f"open ({span(self.seconds)})"


@dataclass(frozen=True, slots=True)
class PhaseLine:
    """A phase of the playbook: when it may last, counted from `counted_from`, and how it was judged."""

    name: str
    ends_with: str
    planned: str
    counted_from: str
    actual: str
    verdict: Verdict
    points: str
    why: str
    checklist: tuple[str, ...]
    source: str


def stages(timeline: Timeline, card: Scorecard) -> tuple[Stage, ...]:
    """The lifecycle from the first user impact (or the injection) on; empty before anything was injected.

    Each phase begins where the one before ended. One that was completed early takes no time; after the first
    that was never completed only later completed ones are listed.
    """
    began = card.milestones.get(Milestone.FIRST_IMPACT, card.milestones.get(Milestone.INJECTED))
    if began is None:
        return ()
    found: list[tuple[str, Milestone, float, float | None]] = []
    here, open_from = began, None
    for name, milestone in LIFECYCLE:
        reached = card.milestones.get(milestone)
        if reached is not None:
            found.append((name, milestone, here, max(here, reached)))
            here = max(here, reached)
        elif open_from is None and milestone is not Milestone.POST_MORTEM:
            open_from = here
            found.append((name, milestone, here, None))
    last = max(here, timeline.ended if open_from is not None else here)
    whole = max(last - began, 0.001)
    return tuple(
        Stage(
            name, words(milestone), start, end, (last if end is None else end) - start, _share(start, end, last, whole)
        )
        for name, milestone, start, end in found
    )


def _share(start: float, end: float | None, last: float, whole: float) -> float:
    return ((last if end is None else end) - start) / whole


def phase_lines(timeline: Timeline, card: Scorecard) -> tuple[PhaseLine, ...]:
    """The playbook's own phases as the scorecard judges them; empty where it judges none."""
    judged = {row.label: row for row in rows_of(card, Topic.PHASE)}
    phases = [(phase, judged.get(f"Phase: {phase.name}")) for phase in timeline.start.playbook.phases]
    return tuple(_phase(phase, row) for phase, row in phases if row is not None)


def _phase(phase: Phase, row: Row) -> PhaseLine:
    starts = span(phase.starts or 0.0)
    return PhaseLine(
        name=one_line(phase.name),
        ends_with=words(phase.ends_with),
        planned="no time stated" if phase.by is None else f"{starts} to {span(phase.by)}",
        counted_from=one_line(row.counted_from),
        actual=actual(row),
        verdict=row.verdict,
        points=earned(row),
        why=one_line(row.reason),
        checklist=tuple(one_line(step) for step in phase.checklist),
        source=one_line(row.source),
    )
