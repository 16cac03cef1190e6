"""A post-mortem is handed in when all is written and each action item has its owner, priority, date and status."""

from __future__ import annotations

from datetime import date

import pytest

from drills.errors import InvalidFiles
from drills.model.aftermath import ActionItem, ItemStatus, Priority
from drills.reporting.post_mortem.draft import draft
from drills.reporting.post_mortem.handed_in import action_items
from drills.scoring.score import score
from tests.scoring.timelines import by_a_person

HEAD = "| # | Action | Owner | Priority | Due date | Status |\n|---|---|---|---|---|---|\n"
GOOD = "| 1 | Alert on growth | @dba | P1 | 2026-12-01 | open |\n"


def document(*rows: str) -> str:
    return f"# Post-mortem\n\n## Action Items\n\n{HEAD}{''.join(rows)}"


def problems(text: str) -> list[str]:
    with pytest.raises(InvalidFiles) as refused:
        action_items(text, "pm.md")
    return str(refused.value).splitlines()


def test_items_are_read_with_all_that_they_have() -> None:
    second = "| 2 | Fix `cleanup` **script** | platform | p0 | 2026-11-30 | ✅ Done |\n"
    assert action_items(document(GOOD, second), "pm.md") == (
        ActionItem(
            number=1, action="Alert on growth", owner="@dba", priority=Priority.P1, due=date(2026, 12, 1),
            status=ItemStatus.OPEN,
        ),
        ActionItem(
            number=2, action="Fix cleanup script", owner="platform", priority=Priority.P0, due=date(2026, 11, 30),
            status=ItemStatus.DONE,
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            "| 1 | A | | P1 | 2026-12-01 | open |",
            "action item 1, owner: is missing; write a team or a role, such as @platform",
        ),
        ("| 1 | A | @x | | 2026-12-01 | open |", "action item 1, priority: is missing; write one of P0, P1, P2"),
        ("| 1 | A | @x | P3 | 2026-12-01 | open |", "action item 1, priority: 'P3' is not known; "),
        ("| 1 | A | @x | P1 | | open |", "action item 1, due date: is missing; write a date, such as 2026-01-31"),
        ("| 1 | A | @x | P1 | soon | open |", "action item 1, due date: 'soon' is not a date; write a date"),
        ("| 1 | A | @x | P1 | 2026-02-30 | open |", "action item 1, due date: '2026-02-30' is not a date"),
        ("| 1 | A | @x | P1 | 2026-12-01 | |", "action item 1, status: is missing; write one of open, planned, "),
        ("| 1 | A | @x | P1 | 2026-12-01 | dne |", "'dne' is not known; did you mean done? write one of "),
        ("| 1 | | @x | P1 | 2026-12-01 | open |", "action item 1, action: is missing; say what is to be done"),
        ("| | A | @x | P1 | 2026-12-01 | open |", "action item A, #: is missing; write 1"),
        ("| one | A | @x | P1 | 2026-12-01 | open |", "action item one, #: 'one' is not a number; write 1"),
    ],
)
def test_what_an_item_lacks_is_told_with_its_line(row: str, told: str) -> None:
    (line,) = problems(document(f"{row}\n"))
    assert line.startswith("pm.md:7: ")
    assert told in line


def test_every_problem_is_told_in_the_order_of_the_lines() -> None:
    text = document(
        "| 1 | A | | | | open |\n", GOOD.replace("1 |", "2 |", 1), "| 2 | B | @x | P1 | 2026-12-01 | open |\n"
    )
    told = problems(text + "\nTODO: say why\n")
    assert [line.split(": ")[0] for line in told] == ["pm.md:7", "pm.md:7", "pm.md:7", "pm.md:9", "pm.md:11"]
    assert told[3].endswith("number 2 is there twice; write 3, which is free")
    assert told[4] == "pm.md:11: still to be written: say why; write it, or remove the line"


def test_a_document_without_the_table_or_without_an_item_is_refused() -> None:
    assert problems("# Post-mortem\n") == [
        "pm.md: has no table of action items; "
        "keep the table with the columns #, Action, Owner, Priority, Due date, Status"
    ]
    assert problems(document("| 1 | | | | | open |\n")) == [
        "pm.md:5: action items: there is none; write at least one: every finding has a follow-up"
    ]
    without = document(GOOD).replace(" Priority |", "", 1).replace("|---", "", 1).replace(" P1 |", "", 1)
    assert problems(without) == ["pm.md:5: action items: there is no column Priority; add it"]


def test_a_draft_that_nobody_edited_is_refused() -> None:
    timeline = by_a_person().timeline()
    told = problems(draft(timeline, score(timeline)))
    assert len([line for line in told if "still to be written" in line]) > 5


def test_columns_may_stand_in_another_order() -> None:
    text = (
        "| Owner | Action | # | Status | Priority | Due |\n|---|---|---|---|---|---|\n"
        "| @x | A | 4 | planned | P2 | 2026-12-01 |\n"
    )
    (item,) = action_items(text, "pm.md")
    assert (item.number, item.owner, item.action, item.status) == (4, "@x", "A", ItemStatus.PLANNED)
