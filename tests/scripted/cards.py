"""Cards worked out by hand (`*.card.yaml`), as a comparable form of what the naive and the real scoring say."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from drills.model.scorecard import Scorecard
from tests.scripted.building import HERE
from tests.scripted.naive import Card

#: Rows whose measured value is not part of a hand-worked card are written with `null`.
Cells = tuple[float | None, float | None, str, float, float]


@dataclass(frozen=True)
class Said:
    """A scorecard: its result, score, deductions by kind, and label → limit, actual, verdict, points, weight.

    Labels of a second incident begin with `2/`.
    """

    result: str
    score: float
    rows: dict[str, Cells]
    deductions: dict[str, float] = field(default_factory=dict)


def names() -> list[str]:
    """Every scripted response, as `folder/playbook`."""
    return sorted(str(path.relative_to(HERE)).removesuffix(".card.yaml") for path in HERE.glob("*/*.card.yaml"))


def script_path(name: str) -> Path:
    return HERE / f"{name}.script.yaml"


def read_card(name: str) -> dict[str, Any]:
    """A card, with the rows that it takes over from another one."""
    card: dict[str, Any] = yaml.safe_load((HERE / f"{name}.card.yaml").read_text())
    rows = dict(read_card(card["like"])["rows"]) if "like" in card else {}
    for label in card.get("without", []):
        del rows[label]
    return {**card, "rows": {**rows, **card.get("rows", {})}}


def by_hand(name: str) -> Said:
    card = read_card(name)
    rows = {label: tuple(cells[:5]) for label, cells in card["rows"].items()}
    return Said(card["result"], float(card["score"]), rows, card.get("deductions", {}))  # type: ignore[arg-type]


def as_said(card: Card) -> Said:
    rows: dict[str, Cells] = {}
    for line in card.lines:
        label = line.label if line.incident == 0 else f"{line.incident + 1}/{line.label}"
        rows[label] = (line.limit, line.actual, line.verdict, line.points, line.weight)
    deductions: dict[str, float] = {}
    for kind, points in card.deductions:
        deductions[kind] = deductions.get(kind, 0.0) + points
    return Said(card.result, card.score, rows, deductions)


def differences(expected: Said, got: Said) -> list[str]:
    """What differs, a line each; numbers may differ by 0.01, weights of shared rows are rounded."""
    found = []
    for label in sorted({*expected.rows, *got.rows}):
        if label not in got.rows or label not in expected.rows:
            found.append(f"{label}: only {'expected' if label in expected.rows else 'got'}")
            continue
        wanted, had = expected.rows[label], got.rows[label]
        for what, one, other in zip(("limit", "actual", "verdict", "points", "weight"), wanted, had, strict=True):
            if one is None and what in ("limit", "actual"):
                continue
            if isinstance(one, str) or other is None or isinstance(other, str):
                same = one == other
            else:
                same = one is not None and abs(one - other) <= 0.0101
            if not same:
                found.append(f"{label}: {what} {one} expected, got {other}")
    if abs(expected.score - got.score) > 0.0101:
        found.append(f"score: {expected.score} expected, got {got.score}")
    if expected.result != got.result:
        found.append(f"result: {expected.result} expected, got {got.result}")
    for kind in sorted({*expected.deductions, *got.deductions}):
        one, other = expected.deductions.get(kind, 0.0), got.deductions.get(kind, 0.0)
        if abs(one - other) > 0.0101:
            found.append(f"deduction {kind}: {one} expected, got {other}")
    return found


def as_scored(card: Scorecard) -> Said:
    """What the real scoring says. Rows without points are left out, apart from the mitigation target."""
    rows: dict[str, Cells] = {}
    for row in card.rows:
        if row.weight or row.label == "Mitigation target":
            label = row.label.removeprefix("Triage: ").replace("Decision: roll back or fix", "Decision")
            label = label if not row.incident else f"{row.incident + 1}/{label}"
            rows[label] = (row.limit, row.actual, str(row.verdict), row.points, row.weight)
    taken = sum(deduction.points for deduction in card.deductions)
    return Said(str(card.result), card.score if card.score is not None else 0.0, rows, {"all": taken})


def in_all(said: Said) -> Said:
    """With the sum of its deductions only."""
    return Said(said.result, said.score, said.rows, {"all": sum(said.deductions.values())})
