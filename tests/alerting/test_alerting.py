"""Alerting, one behaviour for each test; times in seconds."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from drills.alerting import (
    AlertId,
    AlertRules,
    AlertState,
    Changed,
    CheckAgain,
    Fired,
    Resolved,
    Standing,
    Suppressed,
    Transition,
    event_of,
    observe,
    resumed,
    tick,
)
from drills.model.events import AlertFired
from drills.model.playbook import Level, Limit, Playbook, Threshold
from drills.model.probe import Observation, Outcome, ProbeSpec, Role, Window

PASS, FAIL, DEGRADED, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.DEGRADED, Outcome.UNKNOWN
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def playbook(*thresholds: tuple[str, str, float]) -> Playbook:
    respond = Limit(says="at once", source="test")
    return Playbook(
        name="test",
        title="Test",
        levels=tuple(Level(name=name, means=name, respond=respond) for name in ("SEV1", "SEV2", "SEV3")),
        thresholds=tuple(
            Threshold(level=level, when=when, for_=timedelta(seconds=seconds), source="test")
            for level, when, seconds in thresholds
        ),
    )


def probe(name: str, role: Role | None = None, depends_on: Iterable[str] = (), **more: Window) -> ProbeSpec:
    return ProbeSpec(name=name, kind="http", role=role, depends_on=tuple(depends_on), **more)


class Monitor:
    """Alerting with its state, and everything it told, as `(t, transition)`."""

    def __init__(self, book: Playbook, *probes: ProbeSpec) -> None:
        self.rules = AlertRules.of(book, probes)
        self.state = AlertState()
        self.told: list[tuple[float, Transition]] = []

    def see(self, t: float, name: str, outcome: Outcome, reason: str = "", **metrics: float) -> list[Transition]:
        seen = Observation(name, NOON, t, outcome, reason, metrics=metrics)
        self.state, told = observe(self.rules, self.state, t, seen)
        return self._note(t, told) + self.at(t)

    def at(self, t: float) -> list[Transition]:
        self.state, told = tick(self.rules, self.state, t)
        return self._note(t, told)

    def _note(self, t: float, told: Iterable[Transition]) -> list[Transition]:
        told = list(told)
        self.told += [(t, transition) for transition in told]
        return told

    def levels(self) -> dict[str, str]:
        return {key: self.rules.levels[alert.rank] for key, alert in self.state.open_alerts().items()}

    def standing(self, name: str) -> Standing:
        known = self.state.probe(name)
        return known.standing if known else Standing.UNDECIDED


def alerts(told: Iterable[Transition]) -> list[Transition]:
    return [transition for transition in told if not isinstance(transition, CheckAgain)]


# ---- one probe: k of n ----------------------------------------------------------------------------------------------


def health(*thresholds: tuple[str, str, float]) -> Monitor:
    return Monitor(playbook(*(thresholds or (("SEV2", "health_failing", 0),))), probe("health", Role.HEALTH))


def test_the_first_failed_check_asks_for_another_at_once_and_fires_nothing() -> None:
    monitor = health()
    monitor.see(0, "health", PASS)
    assert monitor.see(10, "health", FAIL) == [CheckAgain("health")]


def test_two_failed_checks_of_three_fire_and_say_who_saw_what() -> None:
    monitor = health()
    monitor.see(0, "health", PASS)
    monitor.see(10, "health", FAIL, "status 503")
    (fired,) = monitor.see(10.2, "health", FAIL, "connection refused")
    assert fired == Fired(
        AlertId("health_failing", 1),
        "SEV2",
        "health failing",
        "health: connection refused (health_failing for 0s)",
        "health",
    )


def test_a_single_failed_check_is_checked_into_and_then_let_go() -> None:
    monitor = health()
    monitor.see(0, "health", PASS)
    monitor.see(10, "health", FAIL)
    assert monitor.see(10.2, "health", PASS) == [CheckAgain("health")], "one more failure would still be 2 of 3"
    assert monitor.see(10.4, "health", PASS) == []
    assert monitor.standing("health") is Standing.UP


def test_a_degraded_check_counts_as_passed() -> None:
    monitor = health()
    for t in range(0, 60, 10):
        assert monitor.see(t, "health", DEGRADED) == []
    assert monitor.standing("health") is Standing.UP


def test_recovery_has_a_window_of_its_own() -> None:
    spec = probe("health", Role.HEALTH, fail=Window(count=1, of=1), recover=Window(count=3, of=4))
    monitor = Monitor(playbook(("SEV2", "health_failing", 0)), spec)
    monitor.see(0, "health", FAIL)
    for t, outcome in ((1, PASS), (2, PASS), (3, FAIL)):
        monitor.see(t, "health", outcome)
        assert monitor.standing("health") is Standing.DOWN
    monitor.see(4, "health", PASS)
    assert monitor.standing("health") is Standing.UP


def test_checks_from_before_a_recovery_do_not_count_again() -> None:
    spec = probe("health", Role.HEALTH, fail=Window(count=2, of=3), recover=Window(count=1, of=1))
    monitor = Monitor(playbook(("SEV2", "health_failing", 0)), spec)
    for t, outcome in enumerate((FAIL, FAIL, PASS, FAIL)):
        monitor.see(t, "health", outcome)
    assert monitor.standing("health") is Standing.UP


def test_a_probe_that_was_never_up_also_goes_down() -> None:
    monitor = health()
    monitor.see(0, "health", FAIL)
    assert isinstance(monitor.see(1, "health", FAIL)[0], Fired)


def test_a_check_of_a_probe_that_nobody_knows_is_ignored() -> None:
    monitor = health()
    assert monitor.see(0, "stranger", FAIL) == []


# ---- unknown is neither up nor down ---------------------------------------------------------------------------------


def test_unknown_checks_never_count_as_failed() -> None:
    monitor = health()
    monitor.see(0, "health", PASS)
    monitor.see(10, "health", FAIL)
    monitor.see(20, "health", UNKNOWN)
    monitor.see(30, "health", UNKNOWN)
    assert monitor.standing("health") is Standing.UP
    assert monitor.levels() == {}


def test_three_unknown_checks_in_a_row_are_an_alert_of_their_own_of_the_least_level() -> None:
    monitor = health()
    monitor.see(0, "health", PASS)
    monitor.see(10, "health", UNKNOWN, "own network gone")
    monitor.see(20, "health", UNKNOWN, "own network gone")
    (fired,) = monitor.see(30, "health", UNKNOWN, "own network gone")
    assert isinstance(fired, Fired)
    assert (fired.key, fired.level, fired.probe) == ("probe-unknown:health", "SEV3", "health")
    assert fired.reason == "health: own network gone"
    assert monitor.standing("health") is Standing.UNKNOWN


def test_a_probe_that_is_not_checked_at_for_three_intervals_is_unknown_not_down() -> None:
    monitor = health()
    monitor.see(0, "health", PASS)
    assert monitor.at(34.9) == []
    (fired,) = monitor.at(35)
    assert isinstance(fired, Fired)
    assert fired.key == "probe-unknown:health"
    assert monitor.levels() == {"probe-unknown:health": "SEV3"}


def test_a_probe_that_was_never_checked_is_unknown_too() -> None:
    monitor = health()
    monitor.at(100)
    assert [t.key for t in monitor.at(135) if isinstance(t, Fired)] == ["probe-unknown:health"]


def test_an_alert_stays_open_while_its_probe_is_unknown() -> None:
    monitor = health()
    monitor.see(0, "health", FAIL)
    monitor.see(1, "health", FAIL)
    for t in range(10, 400, 10):
        monitor.see(t, "health", UNKNOWN)
    assert monitor.levels() == {"health_failing": "SEV2", "probe-unknown:health": "SEV3"}


def test_one_check_ends_unknown_and_its_alert_resolves_after_calm() -> None:
    monitor = health()
    monitor.see(0, "health", PASS)
    monitor.at(35)
    monitor.see(40, "health", PASS)
    assert monitor.standing("health") is Standing.UP
    assert alerts(monitor.at(49.9)) == []
    assert isinstance(monitor.at(50)[0], Resolved)


def test_a_probe_that_came_back_is_missed_again_when_it_goes_silent_again() -> None:
    monitor = health()
    monitor.see(0, "health", PASS)
    monitor.at(35)
    monitor.see(40, "health", PASS)
    monitor.at(60)
    assert [t.alert_id for t in monitor.at(75) if isinstance(t, Fired)] == [AlertId("probe-unknown:health", 2)]


# ---- metrics: levels that rise and fall -----------------------------------------------------------------------------

ERRORS = (("SEV3", "error_rate > 0.01", 10), ("SEV2", "error_rate > 0.05", 10), ("SEV1", "error_rate > 0.2", 0))


def errors(*rates: tuple[float, float]) -> Monitor:
    monitor = Monitor(playbook(*ERRORS), probe("metrics"))
    for t, rate in rates:
        monitor.see(t, "metrics", PASS, error_rate=rate)
    return monitor


def test_a_threshold_fires_when_it_has_held_for_its_time_and_not_before() -> None:
    monitor = errors((0, 0.03))
    assert monitor.at(9.9) == []
    (fired,) = monitor.at(10)
    assert isinstance(fired, Fired)
    assert (fired.key, fired.level, fired.title) == ("error_rate", "SEV3", "error_rate > 0.01")
    assert fired.reason == "error_rate 3.0 % (error_rate > 0.01 for 10s)"
    assert fired.probe == "metrics"


def test_a_break_starts_the_time_again() -> None:
    monitor = errors((0, 0.03), (5, 0.0), (6, 0.03))
    assert monitor.at(15.9) == []
    assert isinstance(monitor.at(16)[0], Fired)


def test_one_alert_for_one_subject_at_the_most_severe_level() -> None:
    monitor = errors((0, 0.1), (10, 0.1))
    assert monitor.levels() == {"error_rate": "SEV2"}
    assert [type(transition) for _, transition in monitor.told] == [Fired]


def test_a_level_rises_at_once() -> None:
    monitor = errors((0, 0.03), (10, 0.03))
    assert monitor.see(12, "metrics", PASS, error_rate=0.5) == [
        Changed(AlertId("error_rate", 1), "SEV1", "error_rate 50.0 % (error_rate > 0.2 for 0s)")
    ]


def test_a_level_falls_only_after_calm_and_resolves_after_more() -> None:
    monitor = errors((0, 0.5), (2, 0.03))
    assert monitor.levels() == {"error_rate": "SEV1"}
    assert monitor.at(11.9) == []
    (fell,) = monitor.at(12)
    assert isinstance(fell, Changed)
    assert fell.level == "SEV3"
    monitor.see(14, "metrics", PASS, error_rate=0.0)
    assert monitor.at(33.9) == [], "calm is twice the 10 s of the threshold"
    assert monitor.at(34) == [Resolved(AlertId("error_rate", 1), "calm for 20.0 s: error_rate 0.0 %")]


def test_a_relapse_during_the_calm_keeps_the_alert_open_without_a_word() -> None:
    monitor = errors((0, 0.5), (2, 0.0), (8, 0.5), (9, 0.0))
    assert monitor.at(18.9) == []
    assert isinstance(monitor.at(19)[0], Resolved)
    assert len(monitor.told) == 2


def test_a_level_falls_to_the_worst_of_the_calm_not_to_its_last_moment() -> None:
    monitor = errors((0, 0.5), (1, 0.1), (10, 0.1), (11, 0.1), (11.5, 0.0))
    assert monitor.levels() == {"error_rate": "SEV2"}


def test_the_second_alert_of_a_key_has_the_next_number() -> None:
    monitor = errors((0, 0.5), (1, 0.0))
    monitor.at(30)
    monitor.see(31, "metrics", PASS, error_rate=0.5)
    assert [t.alert_id for _, t in monitor.told if isinstance(t, Fired)] == [
        AlertId("error_rate", 1),
        AlertId("error_rate", 2),
    ]


def test_subjects_are_told_apart_by_the_metrics_that_thresholds_name() -> None:
    book = playbook(("SEV2", "p95 > 2.0", 0), ("SEV3", "error_rate > 0.01", 0), ("SEV1", "p95 > 2.0 && rpm > 10.0", 0))
    monitor = Monitor(book, probe("metrics"))
    monitor.see(0, "metrics", PASS, p95=3.0, error_rate=0.5, rpm=100.0)
    assert monitor.levels() == {"p95": "SEV2", "error_rate": "SEV3", "p95+rpm": "SEV1"}


# ---- missing data ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [{}, {"error_rate": math.nan}])
def test_a_missing_value_neither_fires_nor_resolves(missing: dict[str, float]) -> None:
    monitor = errors((0, 0.5))
    for t in range(5, 300, 5):
        monitor.see(t, "metrics", PASS, **missing)
    assert monitor.levels() == {"error_rate": "SEV1"}
    fresh = errors()
    for t in range(0, 300, 5):
        fresh.see(t, "metrics", PASS, **missing)
    assert fresh.levels() == {}


def test_time_without_data_does_not_count_towards_firing() -> None:
    monitor = errors((0, 0.03), (6, math.nan), (100, 0.03))
    assert alerts(monitor.at(103.9))[-1:] == []
    assert [t.key for t in monitor.at(104) if isinstance(t, Fired)] == ["error_rate"]


def test_a_value_is_forgotten_when_its_probe_is_silent() -> None:
    book = playbook(("SEV2", "error_rate > 0.01", 60))
    monitor = Monitor(book, probe("metrics"))
    monitor.see(0, "metrics", PASS, error_rate=0.5)
    monitor.at(500)
    assert monitor.levels() == {"probe-unknown:metrics": "SEV3"}


def test_integers_and_truths_are_metrics_too() -> None:
    monitor = Monitor(playbook(("SEV3", "lock_waits > 3.0", 0)), probe("database"))
    monitor.see(0, "database", PASS, lock_waits=4.0)
    assert monitor.levels() == {"lock_waits": "SEV3"}


# ---- flapping -------------------------------------------------------------------------------------------------------


def flapping(times: int) -> Monitor:
    monitor = errors()
    for start in range(0, times * 30, 30):
        monitor.see(start, "metrics", PASS, error_rate=0.5)
        for t in range(start + 1, start + 30, 5):
            monitor.see(t, "metrics", PASS, error_rate=0.0)
    return monitor


def test_an_alert_that_flaps_is_held_open_not_fired_again() -> None:
    monitor = flapping(10)
    told = [type(transition) for _, transition in monitor.told]
    assert told.count(Fired) == 3
    assert told.count(Resolved) == 2
    assert told[-1] is Changed, "it is said once that it is held open"
    assert monitor.levels() == {"error_rate": "SEV1"}


def test_a_flapping_alert_resolves_when_it_has_been_calm_long_enough() -> None:
    monitor = flapping(3)
    for t in range(90, 700, 5):
        monitor.see(t, "metrics", PASS, error_rate=0.0)
    assert monitor.levels() == {}
    assert [t for t, transition in monitor.told if isinstance(transition, Resolved)][-1] == 600


# ---- roles, and any probe -------------------------------------------------------------------------------------------


def down(monitor: Monitor, t: float, *names: str) -> list[Transition]:
    told: list[Transition] = []
    for moment in (t, t + 0.1):
        for name in names:
            told += monitor.see(moment, name, FAIL, f"{name} refused")
    return alerts(told)


def up(monitor: Monitor, t: float, *names: str) -> list[Transition]:
    told: list[Transition] = []
    for moment in (t, t + 0.1):
        for name in names:
            told += monitor.see(moment, name, PASS)
    return told


def test_a_role_is_failing_while_one_of_its_probes_is_down() -> None:
    monitor = Monitor(playbook(("SEV1", "site_failing", 0)), probe("home", Role.SITE), probe("search", Role.SITE))
    up(monitor, 0, "home", "search")
    (fired,) = down(monitor, 10, "search")
    assert isinstance(fired, Fired)
    assert (fired.probe, fired.title) == ("search", "site failing")
    assert fired.reason.startswith("search: search refused")


def test_all_that_are_down_when_an_alert_fires_are_told() -> None:
    monitor = Monitor(playbook(("SEV1", "site_failing", 3)), probe("home", Role.SITE), probe("search", Role.SITE))
    up(monitor, 0, "home", "search")
    down(monitor, 10, "search")
    down(monitor, 12, "home")
    (fired,) = alerts(monitor.at(14))
    assert isinstance(fired, Fired)
    assert (fired.probe, fired.besides) == ("home", ("search",))
    event = event_of(fired, 14, NOON)
    assert isinstance(event, AlertFired)
    assert (event.probe, event.besides) == ("home", ("search",))


def test_a_role_is_not_known_to_be_well_while_one_of_its_probes_is_unknown() -> None:
    monitor = Monitor(playbook(("SEV1", "site_failing", 0)), probe("home", Role.SITE), probe("search", Role.SITE))
    down(monitor, 0, "search")
    for t in range(10, 60, 10):
        monitor.see(t, "search", UNKNOWN)
        up(monitor, t + 1, "home")
    assert monitor.levels()["site_failing"] == "SEV1"


def test_probes_without_a_threshold_for_their_role_alert_one_by_one() -> None:
    book = playbook(("SEV3", "probe_failing", 0), ("SEV1", "site_failing", 0))
    monitor = Monitor(book, probe("home", Role.SITE), probe("docs"), probe("cache", Role.CACHE))
    down(monitor, 0, "home", "docs", "cache")
    assert monitor.levels() == {
        "site_failing": "SEV1",
        "probe_failing:docs": "SEV3",
        "probe_failing:cache": "SEV3",
    }


def test_a_down_probe_that_no_threshold_speaks_of_raises_nothing() -> None:
    monitor = Monitor(playbook(("SEV1", "site_failing", 0)), probe("docs"))
    assert down(monitor, 0, "docs") == []


# ---- suppression ----------------------------------------------------------------------------------------------------


def chain() -> Monitor:
    book = playbook(("SEV2", "database_failing", 0), ("SEV3", "feature_failing", 0), ("SEV3", "probe_failing", 0))
    monitor = Monitor(
        book,
        probe("database", Role.DATABASE),
        probe("search", Role.FEATURE, depends_on=["database"]),
        probe("report", depends_on=["search"]),
    )
    up(monitor, 0, "database", "search", "report")
    return monitor


def test_what_depends_on_something_down_raises_no_second_alert_and_says_so_once() -> None:
    monitor = chain()
    assert [t.key for t in down(monitor, 10, "database") if isinstance(t, Fired)] == ["database_failing"]
    assert down(monitor, 11, "search") == [Suppressed("feature_failing", "database")]
    assert down(monitor, 12, "search") == []
    assert down(monitor, 13, "report") == [Suppressed("probe_failing:report", "database")]
    assert monitor.standing("search") is Standing.DOWN, "it is measured all the same"


def test_a_failure_that_outlasts_its_parents_recovery_fires_after_one_more_failed_check() -> None:
    monitor = chain()
    down(monitor, 10, "database", "search")
    recovered = up(monitor, 20, "database")
    assert CheckAgain("search") in recovered
    assert alerts(recovered) == [], "it may only need a moment to recover as well"
    (fired,) = monitor.see(20.2, "search", FAIL, "search refused")
    assert isinstance(fired, Fired)
    assert fired.key == "feature_failing"


def test_a_child_that_recovers_with_its_parent_never_alerts() -> None:
    monitor = chain()
    down(monitor, 10, "database", "search")
    up(monitor, 20, "database", "search")
    monitor.at(34)
    assert [t.key for _, t in monitor.told if isinstance(t, Fired)] == ["database_failing"]


def test_an_alert_that_was_open_before_its_parent_went_down_stays_open() -> None:
    monitor = chain()
    down(monitor, 10, "search")
    down(monitor, 20, "database")
    assert set(monitor.levels()) == {"feature_failing", "database_failing"}


def test_a_suppressed_alert_lends_its_level_to_the_one_that_explains_it() -> None:
    book = playbook(("SEV3", "database_failing", 60), ("SEV1", "site_failing", 10))
    monitor = Monitor(book, probe("database", Role.DATABASE), probe("home", Role.SITE, depends_on=["database"]))
    down(monitor, 0, "database", "home")
    told = monitor.at(12)
    assert [(t.key, t.level) for t in told if isinstance(t, Fired)] == [("database_failing", "SEV1")]
    assert Suppressed("site_failing", "database") in told
    assert "therefore also site failing" in next(t.reason for t in told if isinstance(t, Fired))


def test_a_parent_that_has_no_alert_of_its_own_explains_nothing() -> None:
    book = playbook(("SEV1", "site_failing", 0))
    monitor = Monitor(book, probe("network"), probe("home", Role.SITE, depends_on=["network"]))
    down(monitor, 0, "network")
    assert [t.key for t in down(monitor, 1, "home") if isinstance(t, Fired)] == ["site_failing"]


def test_probes_that_depend_on_each_other_do_not_silence_each_other() -> None:
    book = playbook(("SEV1", "probe_failing", 0))
    monitor = Monitor(book, probe("one", depends_on=["two"]), probe("two", depends_on=["one"]))
    assert len(down(monitor, 0, "one", "two")) == 2


def test_transitions_become_the_timelines_events() -> None:
    event = event_of(Fired(AlertId("p95", 1), "SEV2", "p95 > 2.0", "p95 3 s", "metrics"), 4.5, NOON)
    assert isinstance(event, AlertFired)
    assert (event.t, event.alert_id, event.key) == (4.5, "p95#1", "p95")


@pytest.mark.parametrize("key", ["p95", "probe_failing:home", "a#b"])
def test_an_id_of_an_alert_is_read_as_it_was_written(key: str) -> None:
    assert AlertId.parse(str(AlertId(key, 12))) == AlertId(key, 12)


# ---- time -----------------------------------------------------------------------------------------------------------


def test_time_that_goes_back_is_taken_as_standing_still() -> None:
    monitor = errors((100, 0.03))
    monitor.see(50, "metrics", PASS, error_rate=0.03)
    assert monitor.at(60) == []
    assert isinstance(monitor.at(110)[0], Fired)


def test_an_earlier_state_is_not_touched_by_later_ones() -> None:
    monitor = errors((0, 0.03))
    before = monitor.state
    first = tick(monitor.rules, before, 10)
    assert tick(monitor.rules, before, 10) == first
    assert before.open_alerts() == {}


# ---- a monitor that starts again ------------------------------------------------------------------------------------


def test_an_open_alert_that_is_taken_up_again_waits_for_evidence_and_then_resolves() -> None:
    monitor = errors()
    monitor.state = resumed(monitor.rules, 1000, {AlertId("error_rate", 7): "SEV1"}, {"error_rate": 7})
    for t in range(1000, 1300, 5):
        assert alerts(monitor.see(t, "metrics", PASS)) == []
    monitor.see(1300, "metrics", PASS, error_rate=0.0)
    assert [t.alert_id for t in monitor.at(1310) if isinstance(t, Resolved)] == [AlertId("error_rate", 7)]
    (fired,) = monitor.see(1320, "metrics", PASS, error_rate=0.9)
    assert isinstance(fired, Fired)
    assert fired.alert_id == AlertId("error_rate", 8)


def test_an_alert_that_is_taken_up_again_and_still_holds_is_not_fired_twice() -> None:
    monitor = errors()
    monitor.state = resumed(monitor.rules, 1000, {AlertId("error_rate", 7): "SEV2"}, {"error_rate": 7})
    assert monitor.see(1001, "metrics", PASS, error_rate=0.1) == []
    assert monitor.levels() == {"error_rate": "SEV2"}


# ---- slow is not down ------------------------------------------------------------------------------------------------


def shop(*thresholds: tuple[str, str, float]) -> Monitor:
    return Monitor(playbook(*thresholds), *(probe(name, role) for name, role in PAGES.items()))


PAGES = {"home": Role.SITE, "search": Role.FEATURE, "orders": Role.FEATURE, "pay": Role.PAYMENT}


def seen(monitor: Monitor, t: float, outcome: Outcome, *names: str) -> None:
    """These pages are seen like that, the others well."""
    for name in PAGES:
        monitor.see(t, name, outcome if name in names else PASS, "" if name not in names else "as the test says")


def test_a_page_that_is_slow_is_degraded_and_not_down() -> None:
    monitor = shop(("SEV1", "site_failing", 0), ("SEV3", "site_degraded", 0))
    for t in (0.0, 10.0, 20.0):
        seen(monitor, t, DEGRADED, "home")
    assert monitor.levels() == {"site_failing": "SEV3"}
    (fired,) = (transition for _, transition in monitor.told if isinstance(transition, Fired))
    assert (fired.title, fired.reason) == ("site degraded", "home: as the test says (site_degraded for 0s)")


def test_a_page_that_becomes_slow_and_then_down_has_one_alert_which_rises() -> None:
    monitor = shop(("SEV1", "site_failing", 0), ("SEV3", "site_degraded", 0))
    for t, outcome in ((0.0, DEGRADED), (10.0, DEGRADED), (20.0, FAIL), (30.0, FAIL)):
        seen(monitor, t, outcome, "home")
    told = alerts(transition for _, transition in monitor.told)
    assert [(type(transition), transition.level) for transition in told] == [(Fired, "SEV3"), (Changed, "SEV1")]


def test_one_degraded_check_is_no_alert() -> None:
    monitor = shop(("SEV3", "site_degraded", 0))
    for t, outcome in enumerate((PASS, DEGRADED, PASS, DEGRADED, PASS)):
        seen(monitor, t * 10.0, outcome, "home")
    assert monitor.levels() == {}


def test_a_slow_probe_whose_role_says_nothing_of_slow_is_covered_by_the_threshold_on_any() -> None:
    monitor = shop(("SEV1", "site_failing", 0), ("SEV3", "probe_degraded", 0), ("SEV3", "probe_failing", 0))
    for t in (0.0, 10.0):
        seen(monitor, t, DEGRADED, "home", "search")
    assert monitor.levels() == {"site_failing": "SEV3", "probe_failing:search": "SEV3"}


def test_one_page_of_four_that_is_down_is_no_outage_and_three_are() -> None:
    monitor = shop(("SEV1", "site_failing && journeys_failing >= 0.5", 0), ("SEV2", "site_failing", 0))
    for t in (0.0, 10.0):
        seen(monitor, t, FAIL, "home")
    assert monitor.levels() == {"site_failing": "SEV2"}
    for t in (20.0, 30.0):
        seen(monitor, t, FAIL, "home", "search", "pay")
    assert monitor.levels() == {"site_failing": "SEV1"}


def test_a_check_that_is_unanswered_says_slow_and_neither_up_nor_down() -> None:
    monitor = shop(("SEV1", "site_failing", 0), ("SEV3", "site_degraded", 0))
    waiting = Observation("home", NOON, 0.0, DEGRADED, "no answer for 3.0 s", unanswered=True)
    for t, outcome in ((0.0, PASS), (10.0, FAIL), (13.0, waiting), (16.0, waiting), (20.0, FAIL)):
        if isinstance(outcome, Observation):
            monitor.state, told = observe(monitor.rules, monitor.state, t, outcome)
            monitor._note(t, told)
        else:
            monitor.see(t, "home", outcome)
    monitor.at(21.0)
    assert monitor.levels() == {"site_failing": "SEV1"}
    assert monitor.standing("home") is Standing.DOWN


def test_an_alert_does_not_rise_on_time_in_which_its_probe_passes_again() -> None:
    monitor = shop(("SEV1", "site_failing", 5), ("SEV3", "site_failing", 0))
    for t, outcome in ((0.0, FAIL), (1.0, FAIL), (4.0, PASS)):
        monitor.see(t, "home", outcome)
    monitor.at(6.9)
    assert monitor.levels() == {"site_failing": "SEV3"}, "5.9 s after it was down, but it may be well again"
    monitor.see(7.0, "home", FAIL)
    assert monitor.levels() == {"site_failing": "SEV1"}, "it was not: it has been down for 6 s"


def test_an_alert_whose_level_is_that_of_slow_and_of_down_says_which_it_is() -> None:
    monitor = shop(("SEV3", "site_failing", 0), ("SEV3", "site_degraded", 0), ("SEV3", "probe_degraded", 0))
    for t, outcome in ((0.0, DEGRADED), (10.0, DEGRADED), (20.0, PASS)):
        seen(monitor, t, outcome, "home", "search")
    fired = {each.key: each for _, each in monitor.told if isinstance(each, Fired)}
    assert fired["site_failing"].title == "site degraded"
    assert fired["site_failing"].reason == "home: as the test says (site_degraded for 0s)"
    assert fired["probe_failing:search"].title == "probe search is degraded"
    down = shop(("SEV3", "site_failing", 0), ("SEV3", "site_degraded", 0))
    for t in (0.0, 10.0):
        seen(down, t, FAIL, "home")
    (failing,) = (each for _, each in down.told if isinstance(each, Fired))
    assert (failing.title, failing.reason) == ("site failing", "home: as the test says (site_failing for 0s)")
