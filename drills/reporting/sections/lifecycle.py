"""Where the time went: detect → triage → investigate → mitigate → resolve → post-mortem, and the playbook's phases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from drills.model.durations import humane
from drills.model.events import DrillEnded
from drills.model.playbook import Milestone, Phase
from drills.model.scorecard import Row, Scorecard, Topic, Verdict
from drills.model.timeline import Timeline
from drills.reporting.sections.limits import actual, earned, rows_of
from drills.reporting.wording import one_line, words

#: The phases of an incident and the milestones that complete each: the first of them that was reached.
LIFECYCLE: tuple[tuple[str, tuple[Milestone, ...]], ...] = (
    ("Detect", (Milestone.DETECTED,)),
    # A runbook acknowledges and goes on; only a person declares a severity.
    ("Triage", (Milestone.SEVERITY_DECLARED, Milestone.ACKNOWLEDGED)),
    ("Investigate", (Milestone.CAUSE_NAMED,)),
    ("Mitigate", (Milestone.MITIGATED,)),
    ("Resolve", (Milestone.ALL_CLEAR,)),
    ("Post-mortem", (Milestone.POST_MORTEM,)),
)
#: How many of them lead to the mitigation.
_MITIGATE = 4


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
        return humane(self.seconds) if self.ended is not None else f"open ({humane(self.seconds)})"


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
    """The lifecycle from the first user impact on; empty when no user suffered.

    Each phase begins where the one before ended; one that was completed early takes no time. A phase that was passed
    over (a later one was completed) is left out; the last one is open if the drill ended in it, unmitigated.
    """
    began = card.milestones.get(Milestone.FIRST_IMPACT)
    if began is None:
        return ()
    found: list[tuple[str, Milestone, float, float | None]] = []
    here = began
    mitigated = Milestone.MITIGATED in card.milestones
    # An all clear while users still suffer resolves nothing.
    lifecycle = LIFECYCLE if mitigated else LIFECYCLE[:_MITIGATE]
    for name, milestones in lifecycle:
        milestone = next((each for each in milestones if each in card.milestones), None)
        if milestone is not None:
            reached = max(here, card.milestones[milestone])
            found.append((name, milestone, here, reached))
            here = reached
    last = here
    if not mitigated:
        completed = [name for name, _, _, _ in found]
        after = max((index + 1 for index, phase in enumerate(lifecycle) if phase[0] in completed), default=0)
        name, milestones = lifecycle[after]
        found.append((name, milestones[0], here, None))
        ended = timeline.last(DrillEnded)
        last = max(here, timeline.ended if ended is None else ended.t)
    whole = max(last - began, 0.001)
    return tuple(
        Stage(name, words(milestone), start, end, (end or last) - start, ((end or last) - start) / whole)
        for name, milestone, start, end in found
    )


def phase_lines(timeline: Timeline, card: Scorecard) -> tuple[PhaseLine, ...]:
    """The playbook's own phases as the scorecard judges them; empty where it judges none of them."""
    judged = {row.label: row for row in rows_of(card, Topic.PHASE)}
    phases = [(phase, judged.get(f"Phase: {phase.name}")) for phase in timeline.start.playbook.phases]
    if all(row is None or row.verdict is Verdict.NOT_REQUIRED for _, row in phases):
        return ()
    return tuple(_phase(phase, row) for phase, row in phases if row is not None)


def _phase(phase: Phase, row: Row) -> PhaseLine:
    starts = humane(phase.starts or timedelta())
    return PhaseLine(
        name=one_line(phase.name),
        ends_with=words(phase.ends_with),
        planned="no time stated" if phase.by is None else f"{starts} to {humane(phase.by)}",
        counted_from=one_line(row.counted_from),
        actual=actual(row),
        verdict=row.verdict,
        points=earned(row),
        why=one_line(row.reason),
        checklist=tuple(one_line(step) for step in phase.checklist),
        source=one_line(row.source),
    )
