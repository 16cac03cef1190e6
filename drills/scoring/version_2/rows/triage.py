"""The steps of the playbook's first-response list: ticked or not, in their minute or not."""

from __future__ import annotations

from collections.abc import Iterator

from drills.model.playbook import Limit, Milestone, TriageStep
from drills.model.scorecard import Row, Topic, Verdict
from drills.scoring.version_2 import weights
from drills.scoring.version_2.case import Case, Due, is_for
from drills.scoring.version_2.milestones import reached
from drills.scoring.version_2.rows.row import Asked, Duty, row_of


def rows(case: Case) -> Iterator[Row]:
    """A row for each step of a level that held; only those with a minute and without a row of their own have points."""
    steps = [
        (index, step, due) for index, step in enumerate(case.playbook.triage) if (due := _due(case, step)) is not None
    ]
    scored = [index for index, step, due in steps if step.milestone is None and due.limit is not None]
    for index, step, due in steps:
        weight = round(weights.TRIAGE / len(scored), 2) if index in scored else 0.0
        done = case.said.ticks.get(index) if step.milestone is None else reached(case, step.milestone)
        row = row_of(case, _duty(case, step, due, weight), done)
        if done is None and due.limit is None:
            row = row.model_copy(update={"verdict": Verdict.NOT_REQUIRED, "reason": "no minute is stated"})
        yield row


def _due(case: Case, step: TriageStep) -> Due | None:
    limit = Limit(within=step.by, says="" if step.by else "no minute is stated", source=step.source)
    return case.due(case.incident.response, lambda level: limit if is_for(step, level) else None)


def _duty(case: Case, step: TriageStep, due: Due, weight: float) -> Duty:
    return Duty(
        milestone=step.milestone or Milestone.ACKNOWLEDGED,
        label=f"Triage: {step.step}",
        since=case.incident.response,
        counted_from=case.response_says,
        due=due,
        weight=weight,
        topic=Topic.TRIAGE,
        asked=Asked.BY_ITS_LIMIT,
        decides=False,
    )
