"""Runs each included drill once and keeps its reports in reports/gallery/, with an index to begin from.

python -m acceptance.gallery
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from acceptance.ending import run_in_order
from acceptance.harness import ROOT, Harness, open_harness
from drills.model.scorecard import Scorecard

GALLERY = ROOT / "reports" / "gallery"
DRILLS = ("database-failure", "bad-deploy", "slow-query", "external-api-blocked", "traffic-surge", "quiet")


def run_drill(harness: Harness, name: str) -> Scorecard:
    """Run one drill and keep its report under its name."""
    done = harness.run("run", name, "--json")
    card = Scorecard.model_validate(json.loads(done.stdout))
    kept = GALLERY / name
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(harness.folder / "reports" / card.drill_id, kept)
    return card


def index(cards: list[Scorecard]) -> str:
    """The gallery's front page, as Markdown."""
    lines = [
        "# Reports of real drills",
        "",
        "One run of each included drill on the local sandbox, answered by its runbook. `make gallery` makes them anew.",
        "",
        "| drill | what happened | score | as a page | as Markdown | as JSON |",
        "|---|---|---|---|---|---|",
    ]
    for card in cards:
        score = "not scored" if card.score is None else f"{card.score:g} {card.grade}"
        files = " | ".join(f"[{file}]({card.scenario}/{file})" for file in ("index.html", "report.md", "report.json"))
        lines.append(f"| {card.scenario} | {card.headline} | {score} | {files} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    GALLERY.mkdir(parents=True, exist_ok=True)
    cards = []
    with open_harness() as harness:
        for name in DRILLS:
            card = run_drill(harness, name)
            cards.append(card)
            print(f"{name:<22} {card.result:<8} {card.headline}", flush=True)
    Path(GALLERY / "README.md").write_text(index(cards), encoding="utf-8")
    return 0 if all(card.score is not None for card in cards) else 1


if __name__ == "__main__":
    sys.exit(run_in_order(main))
