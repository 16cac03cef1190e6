"""Write the golden timelines anew: `python -m tests.scoring.make_golden`.

To be done once for a version of the rules. A change in an existing file means that stored drills would score
differently: then the rules need a new version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from drills.model.events import EndReason, ResponderKind, event_to_json
from drills.model.playbook import Audience, Choice, Milestone
from drills.scoring.version_1.score import score
from tests.scoring.timelines import QUIET, Drill, by_a_person, drill, rolled_back

FOLDER = Path(__file__).parent / "golden"


def nobody() -> Drill:
    """Checkout fails until the drill reaches its limit, and nobody answers."""
    made = drill(ResponderKind.NONE).baseline().fault().suffering(70, "checkout").alert(9.0, "SEV2")
    return made.ended(EndReason.LIMIT_REACHED)


def a_bad_day() -> Drill:
    """A person for whom much goes wrong: noise before, a wrong cause, a premature all-clear, a relapse, a fallback."""
    return (
        drill(ResponderKind.PERSON)
        .baseline()
        .alert(3.0, "SEV3", key="noise")
        .fault()
        .well(2)
        .suffering(30)
        .alert(20.0)
        .acknowledged(25.0)
        .severity("SEV2", 30.0)
        .cause("missing-index", 31.0)
        .hint(32.0)
        .all_clear(33.0)
        .decided(Choice.FIX, 34.0, fix_minutes=20.0)
        .action(36.5)
        .well(15)
        .suffering(8, "checkout")
        .action(59.5)
        .well(14, degraded="home")
        .cause("bad-deploy", 61.0)
        .update(70.0, Audience.STATUS_PAGE)
        .all_clear(73.0)
        .corrected(Milestone.COMMANDER_NAMED, 40.0, 74.0)
        .ended()
    )


def stalled() -> Drill:
    """The database hangs: nobody is answered, then all is well."""
    made = drill().baseline().observed(4.0, ok=True).fault(kind="pause-service").stalled(20)
    made = made.observed(8.0, ok=False).observed(9.0, ok=False).alert(9.1, "SEV2", key="database")
    return made.runbook(("resume", 24.5)).well(13).ended()


GOLDEN: Mapping[str, Callable[[], Drill]] = {
    "rolled-back": rolled_back,
    "by-a-person": by_a_person,
    "nobody": nobody,
    "a-bad-day": a_bad_day,
    "stalled": stalled,
    "control-with-an-alarm": lambda: (
        drill(scenario=QUIET).baseline().well(30).alert(20.0, "SEV3").ended(EndReason.CONTROL_COMPLETE)
    ),
    "reached-nobody": lambda: drill().baseline().fault().well(30).ended(EndReason.LIMIT_REACHED),
}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, make in GOLDEN.items():
        timeline = make().timeline()
        events = "".join(f"{event_to_json(event)}\n" for event in timeline)
        (FOLDER / f"{name}.events.jsonl").write_text(events, encoding="utf-8")
        card = score(timeline).model_dump_json(indent=1)
        (FOLDER / f"{name}.scorecard.json").write_text(f"{card}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
