"""How long a recovery lasted that did not hold."""

from __future__ import annotations

from acceptance.quiet_period import longest_quiet_period
from tests.scoring.timelines import drill


def test_users_who_are_well_between_two_stretches_of_suffering_had_a_quiet_period() -> None:
    relapsed = drill().baseline().fault().suffering(6).well(12).suffering(6).ended()
    # The last seconds of suffering stay in the rolling window for a while.
    assert 6 <= longest_quiet_period(relapsed.timeline()) <= 12


def test_users_who_suffer_on_or_are_well_for_good_had_none() -> None:
    assert longest_quiet_period(drill().baseline().fault().suffering(20).ended().timeline()) == 0
    assert longest_quiet_period(drill().baseline().fault().suffering(6).well(30).ended().timeline()) == 0
    assert longest_quiet_period(drill().baseline().fault().suffering(6).well(2).suffering(6).ended().timeline()) == 0
