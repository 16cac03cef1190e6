"""Whether a drill was met, and if not, why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drills.model.events import ResponderKind
from drills.model.scorecard import DrillResult, Row, Topic, Verdict
from drills.scoring.version_2 import weights
from drills.scoring.version_2.case import Case
from drills.scoring.version_2.deductions import commander_repairs, premature_at


def verdict(
    cases: Sequence[Case], rows: Sequence[Row], score: float, responder: ResponderKind, *, control: bool
) -> tuple[DrillResult, str]:
    """The result of a drill that can be scored, and what it was missed for."""
    if control:
        missed = [row.reason for row in rows if row.verdict is Verdict.MISSED]
        return (DrillResult.MISSED, "; ".join(missed)) if missed else (DrillResult.MET, "")
    reasons = [reason for case in cases for reason in _of_incident(case, rows, several=len(cases) > 1)]
    if not reasons and responder is ResponderKind.NONE:
        reasons.append("nobody was to respond")
    if not reasons and score < weights.MET_FROM:
        reasons.append(f"a score of {score:.2f} is under {weights.MET_FROM:g}")
    return (DrillResult.MISSED, "; ".join(dict.fromkeys(reasons))) if reasons else (DrillResult.MET, "")


def _of_incident(case: Case, rows: Sequence[Row], *, several: bool) -> Iterator[str]:
    name = f" (incident {case.incident.number + 1})" if several else ""
    mitigated = case.mitigated is not None or case.incident.impact.first_impact is None
    if not mitigated:
        yield f"not mitigated{name}"
    for row in rows:
        if row.incident != case.incident.number or not row.decides or row.verdict is not Verdict.MISSED:
            continue
        if not mitigated and row.topic in (Topic.MILESTONE, Topic.TARGET) and row.label.startswith("Mitigat"):
            continue
        yield f"{row.label.lower()}{name}: {row.reason}"
    if premature_at(case):
        yield f"all clear was said while users still suffered{name}"
    if commander_repairs(case):
        yield f"the commander repaired, which the playbook forbids{name}"
