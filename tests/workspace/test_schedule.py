"""The entries of a schedule."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from drills.model.durations import parse_duration
from drills.workspace.schedule import MonthlyRule, ScheduleEntry, parse_monthly


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("third Thursday 14:00", MonthlyRule(3, 3, 14, 0)),
        ("First monday 9:05", MonthlyRule(1, 0, 9, 5)),
        ("last Friday 23:59 Europe/Paris", MonthlyRule(-1, 4, 23, 59, "Europe/Paris")),
    ],
)
def test_a_day_of_every_month_is_read(text, rule):
    assert parse_monthly(text) == rule


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("third Thursday", "write it as `third Thursday 14:00`"),
        ("thrid Thursday 14:00", "did you mean third?"),
        ("fifth Thursday 14:00", "did you mean first?"),
        ("third Thrusday 14:00", "did you mean thursday?"),
        ("third Thursday 25:00", "write it as 14:00"),
        ("third Thursday 14:00 Europe/Pariss", "did you mean Europe/Paris?"),
    ],
)
def test_a_day_that_is_not_one_tells_what_would_be_right(text, right):
    with pytest.raises(ValueError, match=r".") as caught:
        parse_monthly(text)
    assert right in str(caught.value)


def test_the_entrys_time_zone_holds_unless_the_text_names_one():
    def zone(text):
        rule = ScheduleEntry(drill="quiet", monthly=text, timezone="Europe/Paris").monthly_rule
        assert rule is not None
        return rule.timezone

    assert zone("third Thursday 14:00") == "Europe/Paris"
    assert zone("third Thursday 14:00 America/New_York") == "America/New_York"
    assert ScheduleEntry(drill="quiet", every="1h").monthly_rule is None


def test_an_entry_has_one_drill_or_a_rotation():
    assert ScheduleEntry(drill="quiet", every="1h").drills == ("quiet",)
    assert ScheduleEntry(rotation=("a", "b"), every="1h").drills == ("a", "b")
    assert ScheduleEntry(drill="quiet", every="1h").every == parse_duration("1h")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"drill": "quiet"}, "does not say when; write exactly one of monthly, cron, on, every"),
        ({"every": "1h"}, "does not say what to run; write exactly one of drill, rotation"),
        ({"drill": "a", "rotation": ["b"], "every": "1h"}, "says what to run more than once (drill, rotation)"),
        ({"drill": "a", "every": "1h", "cron": "0 1 * * *"}, "says when more than once (cron, every)"),
        ({"drill": "a", "every": "10s"}, "write at least 1m"),
        ({"drill": "a", "cron": "0 1 * *"}, "write five fields: minute hour day month weekday"),
        ({"drill": "a", "every": "1h", "timezone": "Europe/Pari"}, "did you mean Europe/Paris?"),
    ],
)
def test_an_entry_that_cannot_be_kept_tells_what_would_be_right(entry, said):
    with pytest.raises(ValidationError) as caught:
        ScheduleEntry.model_validate(entry)
    assert said in str(caught.value)
