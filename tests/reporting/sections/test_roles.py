"""What a level asked for, who was on call, and whether who commanded kept out of repairing, as the report says it."""

from __future__ import annotations

from drills.model.events import ActionTaken, ResponderKind, TaskChecked, TaskList
from drills.model.on_call import PersonOnCall
from drills.reporting.content import content
from drills.reporting.html import html
from drills.reporting.markdown import markdown
from drills.scoring.score import score
from tests.scoring import timelines
from tests.scoring.timelines import Drill

BOOK = timelines.playbook(
    levels=[
        {
            "name": "SEV1",
            "means": "Outage",
            "respond": {"within": "5m", "source": "line 1"},
            "actions": ["Page the lead", "All hands"],
        }
    ],
    thresholds=[],
    commander_may_repair=False,
)


def repaired(*, who: str) -> Drill:
    begun = (
        timelines.drill(ResponderKind.PERSON, playbook=BOOK).baseline().fault().well(2).suffering(10).alert(9.0, "SEV1")
    )
    declared = begun.severity("SEV1", 10.0).commander(11.0, "The Lead")
    ticked = declared.add(TaskChecked, 12.0, list=TaskList.ACTIONS, of="SEV1", index=0, text="Page the lead")
    typed = ticked.add(
        ActionTaken, 16.0, command="drills sandbox rollback", read_only=False, exit_status=0, seconds=1.0, who=who
    )
    return typed.well(15).all_clear().ended()


def said(who: str, on_call: tuple[PersonOnCall, ...] = ()) -> str:
    drill = repaired(who=who)
    start = drill.events[0].model_copy(update={"on_call": on_call})
    timeline = Drill((start, *drill.events[1:])).timeline()
    report = content(timeline, score(timeline))
    assert "Page the lead" in html(report)
    return markdown(report)


def test_ticked_and_unticked_actions_are_listed_with_their_times() -> None:
    text = " ".join(said("the engineer").split())
    assert "| SEV1 | Page the lead | 13:00:12, 3.0 s after detection |" in text
    assert "| SEV1 | All hands | not ticked |" in text


def test_a_commander_who_typed_is_told_so_and_one_who_did_not_as_well() -> None:
    assert "The commander typed 1 commands; the playbook wants the commander to keep out of them" in said(" the lead ")
    assert "The commander typed no command, as the playbook wants it" in said("the engineer")
    assert "Who typed the commands is not known" in said("")


def test_who_was_on_call_is_named() -> None:
    assert "On call (primary): ana" in said("ana", (PersonOnCall(rotation="primary", who="ana"),))
