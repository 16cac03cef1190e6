"""Where the time went: detect → triage → investigate → mitigate → resolve → post-mortem, and the playbook's phases."""

from __future__ import annotations

from dataclasses import dataclass

from drills.core.playbook import Milestone, Phase
from drills.core.scorecard import Scorecard, Verdict
from drills.core.timeline import Timeline
from drills.reporting.wording import span, words

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
    """A phase of the playbook: what it allows, counted from detection, and what was."""

    name: str
    ends_with: str
    planned: str
    actual: str
    verdict: Verdict
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
    """The playbook's own phases; empty when it has none, or nothing was detected to count from."""
    detected = card.milestones.get(Milestone.DETECTED)
    if detected is None:
        return ()
    return tuple(_phase(phase, detected, timeline.ended, card) for phase in timeline.start.playbook.phases)


def _phase(phase: Phase, detected: float, ended: float, card: Scorecard) -> PhaseLine:
    reached = card.milestones.get(phase.ends_with)
    by = None if phase.by is None else phase.by.total_seconds()
    took = (ended if reached is None else reached) - detected
    if by is None:
        verdict = Verdict.NOT_REQUIRED
    elif took > by:
        verdict = Verdict.MISSED
    else:
        verdict = Verdict.PENDING if reached is None else Verdict.MET
    starts = 0.0 if phase.starts is None else phase.starts.total_seconds()
    return PhaseLine(
        name=phase.name,
        ends_with=words(phase.ends_with),
        planned="no time stated" if by is None else f"{span(starts)} to {span(by)}",
        actual=f"at {span(max(took, 0.0))}" if reached is not None else f"not reached (open {span(max(took, 0.0))})",
        verdict=verdict,
        checklist=phase.checklist,
        source=phase.source,
    )
