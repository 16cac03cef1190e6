"""Who is on call: turns of whole local days, through changes of the clock, and overrides."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from drills.model.on_call import OnCall, Override, Rotation, people_on_call, shift_at, shifts

PARIS = ZoneInfo("Europe/Paris")
WEEKLY = Rotation(
    name="primary",
    people=("ana", "ben", "chris"),
    starts=date(2026, 10, 5),
    handover=time(10),
    time_zone="Europe/Paris",
    contacts=("on-call-engineer",),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


def override(who: str, since: str, until: str, why: str = "") -> Override:
    return Override(
        rotation="primary", who=who, since=datetime.fromisoformat(since), until=datetime.fromisoformat(until), why=why
    )


def who(text: str, *overrides: Override) -> str | None:
    shift = shift_at(OnCall(rotations=(WEEKLY,), overrides=overrides), WEEKLY, at(text))
    return shift.who if shift is not None else None


@pytest.mark.parametrize(
    ("moment", "person"),
    [
        ("2026-10-05 09:59", None),
        ("2026-10-05 10:00", "ana"),
        ("2026-10-12 09:59", "ana"),
        ("2026-10-12 10:00", "ben"),
        ("2026-10-19 10:00", "chris"),
        ("2026-10-26 09:59", "chris"),  # the clock went back on the 25th
        ("2026-10-26 10:00", "ana"),
    ],
)
def test_people_take_turns_at_the_same_local_time(moment: str, person: str | None) -> None:
    assert who(moment) == person


def test_a_week_in_which_the_clock_goes_back_has_an_hour_more() -> None:
    shift = shift_at(OnCall(rotations=(WEEKLY,)), WEEKLY, at("2026-10-20 12:00"))
    assert shift is not None
    assert shift.until.timestamp() - shift.since.timestamp() == (7 * 24 + 1) * 3600


def test_a_handover_in_the_hour_that_does_not_exist_happens_when_the_clock_has_jumped() -> None:
    nightly = WEEKLY.model_copy(update={"starts": date(2026, 3, 28), "handover": time(2, 30), "every_days": 1})
    on_call = OnCall(rotations=(nightly,))
    before = shift_at(on_call, nightly, datetime(2026, 3, 29, 1, 29, tzinfo=UTC))
    after = shift_at(on_call, nightly, datetime(2026, 3, 29, 1, 30, tzinfo=UTC))
    assert (before and before.who, after and after.who) == ("ana", "ben")


def test_an_override_is_for_its_stretch_and_says_for_whom() -> None:
    swap = override("chris", "2026-10-07 08:00", "2026-10-08 08:00", "a wedding")
    on_call = OnCall(rotations=(WEEKLY,), overrides=(swap,))
    assert [who(f"2026-10-{day}", swap) for day in ("07 07:59", "07 08:00", "08 07:59", "08 08:00")] == [
        "ana",
        "chris",
        "chris",
        "ana",
    ]
    week = list(shifts(on_call, WEEKLY, at("2026-10-05 10:00"), at("2026-10-12 10:00")))
    assert [(each.who, each.instead_of, each.why) for each in week] == [
        ("ana", "", ""),
        ("chris", "ana", "a wedding"),
        ("ana", "", ""),
    ]


def test_the_last_override_that_was_written_counts() -> None:
    first = override("ben", "2026-10-07 08:00", "2026-10-09 08:00")
    second = override("chris", "2026-10-08 08:00", "2026-10-08 20:00")
    assert who("2026-10-08 12:00", first, second) == "chris"
    assert who("2026-10-08 12:00", second, first) == "ben"


def test_everybody_on_call_is_listed_with_their_contacts() -> None:
    backup = Rotation(name="backup", people=("dora",), starts=date(2026, 10, 6), time_zone="UTC")
    found = people_on_call(OnCall(rotations=(WEEKLY, backup)), at("2026-10-05 12:00"))
    assert [(each.rotation, each.who, each.contacts) for each in found] == [("primary", "ana", ("on-call-engineer",))]
    assert [each.who for each in people_on_call(OnCall(rotations=(WEEKLY, backup)), at("2026-10-07 12:00"))] == [
        "ana",
        "dora",
    ]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"time_zone": "Europe/Pariss"}, "write an IANA name"),
        ({"people": ()}, "at least 1 item"),
        ({"every_days": 0}, "greater than or equal to 1"),
    ],
)
def test_a_rotation_that_cannot_be_is_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Rotation.model_validate(WEEKLY.model_dump() | changes)


def test_an_override_of_no_rotation_and_one_that_ends_before_it_begins_are_refused() -> None:
    with pytest.raises(ValidationError, match="names rotation 'primary'; known: none"):
        OnCall(overrides=(override("ben", "2026-10-07 08:00", "2026-10-09 08:00"),))
    with pytest.raises(ValidationError, match="'until' is not after 'since'"):
        override("ben", "2026-10-09 08:00", "2026-10-07 08:00")


STRETCH = st.tuples(st.integers(0, 40 * 24), st.integers(1, 72), st.sampled_from(["dora", "eli"]))


@given(stretches=st.lists(STRETCH, max_size=5), every=st.integers(1, 10), hour=st.integers(0, 23))
def test_somebody_is_on_call_at_every_moment_and_shifts_follow_each_other(
    stretches: list[tuple[int, int, str]], every: int, hour: int
) -> None:
    rotation = WEEKLY.model_copy(update={"every_days": every, "handover": time(hour)})
    began = datetime.combine(rotation.starts, rotation.handover)
    overrides = tuple(
        Override(
            rotation="primary",
            who=who,
            since=began + timedelta(hours=start),
            until=began + timedelta(hours=start + long),
        )
        for start, long, who in stretches
    )
    on_call = OnCall(rotations=(rotation,), overrides=overrides)
    first, last = began.replace(tzinfo=PARIS), (began + timedelta(days=45)).replace(tzinfo=PARIS)
    found = list(shifts(on_call, rotation, first, last))
    assert found[0].since == first
    assert found[-1].until.timestamp() >= last.timestamp()
    for one, following in pairwise(found):
        assert following.since.timestamp() == one.until.timestamp()
        middle = datetime.fromtimestamp((one.since.timestamp() + one.until.timestamp()) / 2, UTC)
        seen = shift_at(on_call, rotation, middle)
        assert seen is not None
        assert seen.who == one.who
