"""Tasks after a drill are due, overdue, done or ended; action items are closed, or shown again by the next run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drills.app.access import Caller, Role
from drills.app.context import Context
from drills.app.follow_ups import close_action, finish_task, follow_ups
from drills.app.records import report_markdown
from drills.errors import BadInput, NotAllowed
from drills.model.aftermath import ActionItem, ItemStatus, PostMortemHandedIn, Priority
from drills.scoring.aftermath import POST_MORTEM_REVIEW, TaskState
from drills.store.after_log import AfterLog, open_actions_before
from tests.app.conftest import Ended
from tests.cli.typed import drills_here
from tests.fakes import FakeClock
from tests.scoring.timelines import BEGAN, Drill, by_a_person, playbook

#: When the drill of these tests ended.
END = BEGAN + timedelta(seconds=51)


def lived() -> Drill:
    """A drill whose playbook asks for a post-mortem in a day, and has tasks for a day, a week and without a date."""
    levels = [level.model_dump(mode="json", by_alias=True) for level in playbook().levels]
    levels[1]["post-mortem"] = {"within": "24h", "source": "line 30"}
    changed = playbook(
        levels=levels,
        follow_ups=[
            {"task": "Document the timeline", "by": "24h", "source": "line 31"},
            {"task": "Update the runbooks", "by": "1w", "source": "line 32"},
            {"task": "Write a regression test", "source": "line 33"},
        ],
        goals={"post-mortem-review-after": "30d", "source": "line 34"},
    )
    whole = by_a_person()
    first, *rest = whole.events
    return replace(whole, events=(first.model_copy(update={"playbook": changed}), *rest))


def at(context: Context, moment: datetime) -> Context:
    clock = FakeClock()
    clock.step((moment - clock.now()).total_seconds())
    return replace(context, clock=clock)


def handed_in(context: Context, drill_id: str, moment: datetime, *items: dict[str, Any]) -> None:
    rows = tuple(
        ActionItem(
            **{"number": n, "action": f"Item {n}", "owner": "@x", "priority": Priority.P1, "due": END.date(),
               "status": ItemStatus.OPEN} | item
        )
        for n, item in enumerate(items, start=1)
    )  # fmt: skip
    with context.store() as store:
        AfterLog(store).append(drill_id, PostMortemHandedIn(at=moment, path="pm.md", text="", items=rows))


def states(context: Context, moment: datetime) -> list[str]:
    (follows, *_) = follow_ups(at(context, moment))
    return [task.state.value for task in follows.tasks]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (timedelta(hours=1), ["due", "due", "due", "due"]),
        (timedelta(hours=24), ["due", "due", "due", "due"]),
        (timedelta(hours=24, seconds=1), ["overdue", "overdue", "due", "due"]),
        (timedelta(days=7, seconds=1), ["overdue", "overdue", "overdue", "due"]),
    ],
)
def test_what_is_not_done_is_due_and_then_overdue(
    context: Context, ended: Ended, after: timedelta, expected: list[str]
) -> None:
    ended(lived())
    assert states(context, END + after) == expected


def test_a_task_is_done_or_late_by_its_own_time(context: Context, ended: Ended) -> None:
    drill_id = ended(lived())
    assert finish_task(at(context, END + timedelta(hours=2)), drill_id, 2) == "Document the timeline"
    finish_task(at(context, END + timedelta(days=8)), drill_id, 3)
    assert states(context, END + timedelta(days=9)) == ["overdue", "done", "late", "due"]
    # As of an earlier moment, what came later has not happened.
    assert states(context, END + timedelta(hours=3)) == ["due", "done", "due", "due"]


@pytest.mark.parametrize(("hours", "state"), [(24, TaskState.DONE), (25, TaskState.LATE)])
def test_a_post_mortem_is_judged_by_when_it_was_handed_in_first(
    context: Context, ended: Ended, hours: int, state: TaskState
) -> None:
    drill_id = ended(lived())
    handed_in(context, drill_id, END + timedelta(hours=hours))
    handed_in(context, drill_id, END + timedelta(days=3))
    (follows,) = follow_ups(at(context, END + timedelta(days=5)))
    assert follows.tasks[0].state is state
    review = follows.tasks[-1]
    assert (review.text, review.deadline) == (POST_MORTEM_REVIEW, END + timedelta(hours=hours, days=30))


def test_the_next_run_of_the_same_drill_ends_open_tasks_but_not_the_post_mortem(context: Context, ended: Ended) -> None:
    ended(lived())
    second = lived()
    moved = [event.model_copy(update={"at": event.at + timedelta(days=2)}) for event in second.events]
    ended(replace(second, events=tuple(moved)))
    assert states(context, END + timedelta(days=1, hours=12))[1:] == ["overdue", "due", "due"]
    assert states(context, END + timedelta(days=3)) == ["overdue", "ended", "ended", "ended"]


def test_an_action_item_is_closed_by_a_command_or_by_the_document(context: Context, ended: Ended) -> None:
    drill_id = ended(lived())
    handed_in(context, drill_id, END, {}, {}, {})
    later = at(context, END + timedelta(hours=1))
    assert close_action(later, drill_id, 1) == "Item 1"
    close_action(later, drill_id, 2, ItemStatus.DROPPED, "not worth it")
    handed_in(context, drill_id, END + timedelta(hours=2), {}, {}, {"status": ItemStatus.DONE})
    (follows,) = follow_ups(at(context, END + timedelta(hours=3)))
    assert [state.status.value for state in follows.items] == ["done", "dropped", "done"]
    assert follows.items[2].closed_at == END + timedelta(hours=2)
    handed_in(context, drill_id, END + timedelta(hours=4), {}, {}, {})
    (follows,) = follow_ups(at(context, END + timedelta(hours=5)))
    assert [state.status.value for state in follows.items] == ["done", "dropped", "open"]


def test_an_item_is_in_time_until_the_end_of_its_day(context: Context, ended: Ended) -> None:
    drill_id = ended(lived())
    handed_in(context, drill_id, END, {}, {})
    midnight = datetime(END.year, END.month, END.day, tzinfo=UTC) + timedelta(days=1)
    close_action(at(context, midnight - timedelta(seconds=1)), drill_id, 1)
    close_action(at(context, midnight), drill_id, 2)
    (follows,) = follow_ups(at(context, midnight))
    assert [state.in_time(midnight) for state in follows.items] == [True, False]


def test_open_items_are_shown_again_by_the_next_run(context: Context, ended: Ended) -> None:
    first = ended(lived())
    handed_in(context, first, END, {}, {"status": ItemStatus.DONE})
    with context.store() as store:
        carried = open_actions_before(store, "bad-deploy")
        assert open_actions_before(store, "slow-query") == ()
    assert [(item.drill_id, item.number) for item in carried] == [(first, 1)]
    again = lived()
    begun = again.events[0].model_copy(update={"open_actions": carried})
    second = ended(replace(again, events=(begun, *again.events[1:])))
    text = report_markdown(context, second)
    assert "## Action items still open from earlier drills" in text
    assert f"| {first} #1 | Item 1 | @x    | P1       | {END.date()} |" in text


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (lambda c, d: finish_task(c, d, 9), "there is no task 9; `drills follow-ups --all` lists them"),
        (lambda c, d: finish_task(c, d, 1), "run `drills postmortem INC-"),
        (lambda c, d: close_action(c, d, 1), "there is no action item 1; hand in its post-mortem"),
    ],
)
def test_what_is_not_there_cannot_be_done(
    context: Context, ended: Ended, act: Callable[[Context, str], object], told: str
) -> None:
    drill_id = ended(lived())
    with pytest.raises(BadInput, match=told):
        act(context, drill_id)


def test_what_is_done_is_not_done_again(context: Context, ended: Ended) -> None:
    drill_id = ended(lived())
    handed_in(context, drill_id, END, {})
    finish_task(context, drill_id, 2)
    with pytest.raises(BadInput, match="task 2 is not open, it is "):
        finish_task(context, drill_id, 2)
    close_action(context, drill_id, 1)
    with pytest.raises(BadInput, match="action item 1 is closed already, as done"):
        close_action(context, drill_id, 1)


def test_observers_close_nothing(context: Context, ended: Ended) -> None:
    drill_id = ended(lived())
    with pytest.raises(NotAllowed):
        finish_task(replace(context, caller=Caller(Role.OBSERVER)), drill_id, 2)


def test_the_commands_list_and_close(context: Context, ended: Ended) -> None:
    drill_id, home = ended(lived()), context.workspace.home
    handed_in(context, drill_id, END, {})
    listed = drills_here("follow-ups", folder=home).stdout
    assert f"{drill_id}  bad-deploy, ended 2026-11-19 13:00 UTC\n" in listed
    assert "    2  overdue  by 2026-11-20 13:00 UTC" in listed
    assert "   #1  overdue  by 2026-11-19            action item P1, @x: Item 1" in listed
    assert drills_here("follow-ups", drill_id, "--done", "2", folder=home).stdout == "done: Document the timeline\n"
    assert drills_here("actions", "close", drill_id, "1", folder=home).stdout == "done: Item 1\n"
    left = drills_here("follow-ups", folder=home).stdout
    assert "Document the timeline" not in left
    assert "Item 1" not in left
    assert "Document the timeline" in drills_here("follow-ups", "--all", folder=home).stdout
