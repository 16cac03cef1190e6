"""The outcome of a matrix cell, kept as one line of JSON; the matrix is made from these."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from acceptance.harness import ROOT
from acceptance.inputs import Inputs, changed
from acceptance.matrix_cells import MatrixCell
from drills.model.playbook import Milestone
from drills.model.scorecard import Scorecard

FOLDER = ROOT / "acceptance" / "outcomes"


class Standing(StrEnum):
    """How a cell's outcome, if it has one, stands to the present files."""

    CURRENT = "current"
    STALE = "stale"
    NOT_RUN = "not run"


class Outcome(BaseModel):
    """Times are seconds after the first user impact, absent where a moment was not reached.

    `quiet_period` is the longest time (s) that users were well before they suffered again. `wrong` lists every way in
    which the drill was not as expected, `changed` the commands that changed the sandbox. `inputs` are digests of
    what the drill was made of (acceptance.inputs), empty where that was not recorded.
    """

    model_config = ConfigDict(frozen=True)

    scenario: str
    runbook: str
    expect: str
    inputs: dict[str, str] = {}
    at: datetime
    seconds: float
    result: str
    detected_by: str | None = None
    detected_after: float | None = None
    mitigated_after: float | None = None
    recovery: str = ""
    score: float | None = None
    grade: str | None = None
    quiet_period: float = 0.0
    changed: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        return self.scenario, self.runbook


def standing(outcome: Outcome | None, now: Inputs) -> Standing:
    """`now` are the inputs that the cell would be run with."""
    if outcome is None:
        return Standing.NOT_RUN
    return Standing.STALE if changed(outcome.inputs, now) else Standing.CURRENT


def outcome_of(
    cell: MatrixCell,
    card: Scorecard | None,
    at: datetime,
    seconds: float,
    wrong: Iterable[str],
    *,
    changed: Iterable[str] = (),
    quiet_period: float = 0.0,
) -> Outcome:
    """`card` is None when the command gave none; `wrong` says then what it gave."""
    common = {
        "scenario": cell.scenario,
        "runbook": cell.runbook,
        "expect": cell.expect.value,
        "at": at,
        "seconds": round(seconds, 1),
        "quiet_period": quiet_period,
        "changed": tuple(changed),
        "wrong": tuple(wrong),
    }
    if card is None:
        return Outcome(**common, result="no scorecard")
    return Outcome(
        **common,
        result=card.result,
        detected_by=card.detected_by,
        detected_after=_since_impact(card, Milestone.DETECTED),
        mitigated_after=_since_impact(card, Milestone.MITIGATED),
        recovery=card.recovery,
        score=card.score,
        grade=card.grade,
    )


def _since_impact(card: Scorecard, milestone: Milestone) -> float | None:
    impact, moment = card.milestones.get(Milestone.FIRST_IMPACT), card.milestones.get(milestone)
    return None if impact is None or moment is None else round(moment - impact, 1)


def file_of(driver: str) -> Path:
    return FOLDER / f"{driver}.jsonl"


def read_outcomes(driver: str) -> dict[tuple[str, str], Outcome]:
    """The last outcome of each cell; empty when nothing was run on that driver yet."""
    try:
        lines = file_of(driver).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    return {outcome.key: outcome for outcome in (Outcome.model_validate_json(line) for line in lines if line)}


def keep(driver: str, outcomes: Mapping[tuple[str, str], Outcome]) -> None:
    """Write them all in a fixed order, so that a small run changes few lines."""
    FOLDER.mkdir(exist_ok=True)
    lines = [json.dumps(outcomes[key].model_dump(mode="json"), ensure_ascii=False) for key in sorted(outcomes)]
    # Replaced at once: an interrupted run loses no outcome of earlier ones.
    written = file_of(driver).with_suffix(".new")
    written.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    written.replace(file_of(driver))
