"""One probe run from several vantages: one alert, which says from where it fails. Times in seconds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.alerting import (
    AlertRules,
    AlertState,
    Changed,
    CheckAgain,
    Fired,
    Resolved,
    Standing,
    Transition,
    observe,
    tick,
)
from drills.model.playbook import Level, Limit, Playbook, Threshold
from drills.model.probe import Observation, Outcome, ProbeSpec, Role, Vantage, Window

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
STALE = "certificate expired 3 days ago"


class Monitor:
    """Alerting for one probe, `home`, that looks through the edge and around it."""

    def __init__(self, when: str = "site_failing", seconds: float = 0, **vantages: Vantage) -> None:
        level = Level(name="SEV1", means="down", respond=Limit(says="at once", source="test"))
        threshold = Threshold(level="SEV1", when=when, for_=timedelta(seconds=seconds), source="test")
        book = Playbook(name="test", title="Test", levels=(level,), thresholds=(threshold,))
        home = ProbeSpec(
            name="home",
            kind="http",
            role=Role.SITE,
            fail=Window(count=2, of=3),
            vantages=vantages or {"edge": Vantage(), "around": Vantage()},
        )
        self.rules = AlertRules.of(book, [home])
        self.state = AlertState()

    def see(self, t: float, outcome: Outcome, reason: str = "", *, via: str) -> list[Transition]:
        seen = Observation("home", NOON, t, outcome, reason, vantage=via)
        self.state, told = observe(self.rules, self.state, t, seen)
        return [*told, *self.at(t)]

    def both(self, t: float, edge: str, around: str) -> list[Transition]:
        """A check from each at one moment; empty reasons are passes."""
        told: list[Transition] = []
        for via, reason in (("edge", edge), ("around", around)):
            seen = Observation("home", NOON, t, FAIL if reason else PASS, reason, vantage=via)
            self.state, more = observe(self.rules, self.state, t, seen)
            told += more
        return [*told, *self.at(t)]

    def at(self, t: float) -> list[Transition]:
        self.state, told = tick(self.rules, self.state, t)
        return list(told)

    @property
    def standing(self) -> Standing:
        known = self.state.probe("home")
        return known.standing if known else Standing.UNDECIDED


def alerts(told: Iterable[Transition]) -> list[Transition]:
    return [transition for transition in told if not isinstance(transition, CheckAgain)]


def test_one_alert_says_that_it_fails_through_the_edge_and_not_around_it() -> None:
    monitor = Monitor()
    monitor.both(0, "", "")
    monitor.both(10, STALE, "")
    (fired,) = alerts(monitor.both(10.2, STALE, ""))
    assert isinstance(fired, Fired)
    assert (fired.key, fired.probe) == ("site_failing", "home")
    assert fired.reason == f"home: fails from edge, passes from around: {STALE} (site_failing for 0s)"


def test_failing_from_everywhere_is_said_so_with_each_reason_once() -> None:
    monitor = Monitor()
    monitor.both(0, "", "")
    monitor.both(10, "connection refused", "connection refused")
    (fired,) = alerts(monitor.both(10.2, "connection refused", "connection refused"))
    assert isinstance(fired, Fired)
    assert fired.reason.startswith("home: fails from everywhere: connection refused (")
    other = Monitor()
    other.both(0, "no answer", "status 503")
    (fired,) = alerts(other.both(1, "no answer", "status 503"))
    assert isinstance(fired, Fired)
    assert "home: fails from everywhere: from edge: no answer; from around: status 503" in fired.reason


def test_checks_from_different_places_are_never_added_up() -> None:
    monitor = Monitor()
    monitor.both(0, "", "")
    for t in range(0, 120, 40):
        for via, edge, around in ((10, "once", ""), (20, "", "once"), (30, "", "")):
            assert alerts(monitor.both(t + via, edge, around)) == []
    assert monitor.standing is Standing.UP


def test_the_first_failed_check_from_one_place_asks_for_checks_from_all() -> None:
    monitor = Monitor()
    monitor.both(0, "", "")
    assert monitor.both(10, STALE, "") == [CheckAgain("home")]


def test_when_it_begins_to_fail_from_the_other_place_too_the_open_alert_is_corrected() -> None:
    monitor = Monitor()
    monitor.both(0, "", "")
    monitor.both(10, STALE, "")
    (fired,) = alerts(monitor.both(10.2, STALE, ""))
    assert isinstance(fired, Fired)
    assert alerts(monitor.both(20, STALE, "status 500")) == [], "one check from around is not yet believed"
    (changed,) = alerts(monitor.both(20.2, STALE, "status 500"))
    assert isinstance(changed, Changed)
    assert (changed.alert_id, changed.level) == (fired.alert_id, "SEV1")
    assert "home: fails from everywhere" in changed.reason
    assert alerts(monitor.both(30, STALE, "status 500")) == []


def test_a_place_that_only_stumbled_when_the_alert_fired_is_cleared_later() -> None:
    monitor = Monitor()
    monitor.both(0, "", "")
    monitor.both(10, "no answer", "")
    (fired,) = alerts(monitor.both(10.2, "no answer", "no answer"))
    assert isinstance(fired, Fired)
    assert "fails from everywhere" in fired.reason
    assert alerts(monitor.both(10.4, "no answer", "")) == []
    (changed,) = alerts(monitor.both(10.6, "no answer", ""))
    assert isinstance(changed, Changed)
    assert "home: fails from edge, passes from around: no answer" in changed.reason


def test_it_is_up_again_only_when_it_is_from_all_places() -> None:
    monitor = Monitor()
    for t in (0, 1):
        monitor.both(t, "no", "no")
    for t in (2, 3):
        monitor.both(t, "no", "")
    assert monitor.standing is Standing.DOWN
    for t in (4, 5):
        monitor.both(t, "", "")
    assert monitor.standing is Standing.UP
    monitor.both(14, "", "")
    (resolved,) = alerts(monitor.at(15))
    assert isinstance(resolved, Resolved)


def test_a_place_that_is_not_required_never_raises_an_alert_but_helps_to_tell() -> None:
    monitor = Monitor(edge=Vantage(), around=Vantage(required=False))
    for t in range(5):
        assert alerts(monitor.both(t, "", "refused")) == []
    assert monitor.standing is Standing.UP
    monitor.both(10, "reset", "refused")
    (fired,) = alerts(monitor.both(10.2, "reset", "refused"))
    assert isinstance(fired, Fired)
    assert "fails from everywhere: from edge: reset; from around: refused" in fired.reason


def test_a_place_without_any_check_is_not_called_well() -> None:
    monitor = Monitor()
    monitor.see(0, FAIL, "no", via="edge")
    (fired,) = alerts(monitor.see(0.2, FAIL, "no", via="edge"))
    assert isinstance(fired, Fired)
    assert "home: fails from edge, not known from around: no" in fired.reason


def test_one_place_lost_from_sight_makes_the_probe_unknown_unless_another_sees_it_down() -> None:
    monitor = Monitor()
    monitor.both(0, "", "")
    for t in range(10, 40, 10):
        monitor.see(t, PASS, via="edge")
    (fired,) = alerts(monitor.at(36))
    assert isinstance(fired, Fired)
    assert (fired.key, fired.reason) == ("probe-unknown:home", "home: from around: not checked for 35 s")
    assert monitor.standing is Standing.UNKNOWN
    for t in (37, 37.2):
        monitor.see(t, FAIL, "no", via="edge")
    assert monitor.standing is Standing.DOWN


def test_a_place_that_the_probe_does_not_name_is_ignored() -> None:
    monitor = Monitor()
    for t in (0, 1, 2):
        assert monitor.see(t, FAIL, via="elsewhere") == []
    assert monitor.standing is Standing.UNDECIDED


def test_the_alert_of_a_probe_without_a_role_says_it_too() -> None:
    monitor = Monitor("probe_failing")
    monitor.both(0, STALE, "")
    (fired,) = alerts(monitor.both(1, STALE, ""))
    assert isinstance(fired, Fired)
    assert fired.key == "probe_failing:home"
    assert "home: fails from edge, passes from around" in fired.reason


@given(st.lists(st.sampled_from([PASS, FAIL, UNKNOWN]), max_size=30))
def test_one_vantage_is_as_good_as_none(outcomes: list[Outcome]) -> None:
    named, plain = Monitor(only=Vantage()), Monitor()
    spec = ProbeSpec(name="home", kind="http", role=Role.SITE, fail=Window(count=2, of=3))
    level = Level(name="SEV1", means="down", respond=Limit(says="at once", source="test"))
    threshold = Threshold(level="SEV1", when="site_failing", for_=timedelta(), source="test")
    plain.rules = AlertRules.of(Playbook(name="test", title="Test", levels=(level,), thresholds=(threshold,)), [spec])
    for t, outcome in enumerate(outcomes):
        one, other = named.see(t, outcome, via="only"), plain.see(t, outcome, via="local")
        assert [type(told) for told in one] == [type(told) for told in other]
        assert named.standing is plain.standing


def test_a_probe_that_could_never_fail_is_refused() -> None:
    with pytest.raises(ValueError, match="no vantage is required"):
        ProbeSpec.model_validate({"name": "a", "tcp": {}, "vantages": {"b": {"required": False}}})
    with pytest.raises(ValueError, match="not a name of a vantage"):
        ProbeSpec.model_validate({"name": "a", "tcp": {}, "vantages": {"The Edge": {}}})


def test_a_probe_with_vantages_survives_being_stored() -> None:
    written = {
        "name": "home",
        "http": {"url": "${app}/"},
        "vantages": {"edge": {"url": "${edge}/"}, "around": {"via": "paris", "required": False}},
    }
    spec = ProbeSpec.model_validate(written)
    assert spec.vantages["edge"].settings == {"url": "${edge}/"}
    assert (spec.vantages["around"].via, spec.vantages["around"].settings) == ("paris", {})
    assert ProbeSpec.model_validate_json(spec.model_dump_json(by_alias=True)) == spec
    assert spec.checked_from == ("edge", "around")
