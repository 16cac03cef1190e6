"""Who is on call, as the command shows it, and how evenly people share it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from drills.app.calendar import calendar
from drills.app.context import Context
from drills.app.on_call import load, on_call_now, who_is_on_call
from drills.model.on_call import OnCall

ROTATIONS = OnCall.model_validate(
    {
        "rotations": [
            {
                "name": "primary",
                "people": ["ana", "ben"],
                "starts": "2026-10-05",
                "handover": "10:00",
                "time-zone": "Europe/Paris",
                "contacts": ["on-call-engineer"],
            }
        ],
        "overrides": [
            {
                "rotation": "primary",
                "who": "dora",
                "since": "2026-10-06 10:00",
                "until": "2026-10-07 10:00",
                "why": "ill",
            }
        ],
    }
)


def with_rotations(context: Context) -> Context:
    config = context.workspace.config.model_copy(update={"on_call": ROTATIONS})
    return replace(context, workspace=replace(context.workspace, config=config))


def test_the_shift_and_the_next_one_are_shown(context: Context) -> None:
    (now,) = who_is_on_call(with_rotations(context), datetime(2026, 10, 6, 12, tzinfo=UTC))
    assert now.contacts == ("on-call-engineer",)
    assert now.shift is not None
    assert now.following is not None
    assert (now.shift.who, now.shift.instead_of, now.following.who) == ("dora", "ana", "ana")
    (before,) = who_is_on_call(with_rotations(context), datetime(2026, 10, 5, 7, 59, tzinfo=UTC))
    assert before.shift is None


def test_days_on_call_are_counted_and_compared(context: Context) -> None:
    shared = load(with_rotations(context), 4, datetime(2026, 10, 5, 8, tzinfo=UTC))
    assert {who: round(days, 1) for who, days in shared.days.items()} == {"ana": 13.0, "ben": 14.0, "dora": 1.0}
    assert not shared.even
    assert load(with_rotations(context), 4, datetime(2026, 11, 2, 9, tzinfo=UTC)).even


def test_the_calendar_names_who_is_on_call_then(context: Context) -> None:
    assert on_call_now(context) == ()
    assert all(len(each.on_call) == 1 for each in calendar(with_rotations(context), 1))
