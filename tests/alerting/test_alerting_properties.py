"""What holds for alerting whatever is observed, in whatever order: checked on generated courses of events."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

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
    observe,
    tick,
)
from drills.model.playbook import Level, Limit, Playbook, Threshold
from drills.model.probe import Observation, Outcome, ProbeSpec, Role, Vantage, Window

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LEVELS = ("SEV1", "SEV2", "SEV3")
PROBES = (
    ProbeSpec(name="database", kind="postgres", role=Role.DATABASE),
    ProbeSpec(name="home", kind="http", role=Role.SITE, depends_on=("database",)),
    ProbeSpec(name="search", kind="http", role=Role.SITE, fail=Window(count=3, of=5), depends_on=("database",)),
    ProbeSpec(name="report", kind="http", depends_on=("search",), fail=Window(count=1, of=1)),
    ProbeSpec(name="metrics", kind="metrics"),
    ProbeSpec(name="more-metrics", kind="metrics"),
    ProbeSpec(
        name="door",
        kind="http",
        role=Role.SITE,
        depends_on=("database",),
        vantages={"edge": Vantage(), "around": Vantage(), "far": Vantage(required=False)},
    ),
    ProbeSpec(name="inner", kind="http", depends_on=("door",), vantages={"a": Vantage(), "b": Vantage()}),
)
NAMES = [probe.name for probe in PROBES]
PROBE_VANTAGES = [(probe.name, vantage) for probe in PROBES for vantage in probe.checked_from]


def _threshold(level: str, when: str, seconds: float) -> Threshold:
    return Threshold(level=level, when=when, for_=timedelta(seconds=seconds), source="test")


RULES = AlertRules.of(
    Playbook(
        name="test",
        title="Test",
        levels=tuple(Level(name=name, means=name, respond=Limit(says="x", source="x")) for name in LEVELS),
        thresholds=(
            _threshold("SEV1", "error_rate > 0.2", 10),
            _threshold("SEV2", "error_rate > 0.05", 0),
            _threshold("SEV3", "error_rate > 0.01", 30),
            _threshold("SEV2", "p95 > 2.0 && error_rate < 0.5", 5),
            _threshold("SEV1", "site_failing", 20),
            _threshold("SEV3", "database_failing", 0),
            _threshold("SEV3", "probe_failing", 5),
            _threshold("SEV2", "database_failing && error_rate > 0.01", 5),
        ),
    ),
    PROBES,
)

Check = tuple[tuple[str, str], Outcome, dict[str, float]]
values = st.sampled_from([0.0, 0.02, 0.1, 0.3, 1.0, 3.0, math.nan])
checks = st.tuples(
    st.sampled_from(PROBE_VANTAGES),
    st.sampled_from([Outcome.PASS, Outcome.FAIL, Outcome.FAIL, Outcome.DEGRADED, Outcome.UNKNOWN]),
    st.dictionaries(st.sampled_from(["error_rate", "p95"]), values, max_size=2),
)
#: Some probes' checks one moment, each at most once from each vantage (its runs never overlap), and the time until it.
moments = st.tuples(
    st.sampled_from([0.1, 1.0, 5.0, 10.0, 40.0, 700.0]),
    st.lists(checks, max_size=5, unique_by=lambda check: check[0]),
)


def _observation(check: Check, t: float) -> Observation:
    (name, vantage), outcome, metrics = check
    return Observation(name, NOON, t, outcome, f"{name} {outcome}", metrics=metrics, vantage=vantage)


def _course(course: Sequence[tuple[float, Sequence[Check]]], between: Sequence[float] = ()) -> list[Transition]:
    """What is told of a course when time is ticked only after all checks of a moment, and at shares `between` them."""
    t, told = 0.0, list[Transition]()
    state, _ = tick(RULES, AlertState(), t)  # time begins with the first call
    for delta, batch in course:
        for share in sorted(between):
            state, more = tick(RULES, state, t + share * delta)
            told.extend(more)
        t += delta
        for check in batch:
            state, more = observe(RULES, state, t, _observation(check, t))
            told.extend(more)
    state, more = tick(RULES, state, t + 2000)
    return [*told, *more]


def _alerts(told: Iterable[Transition]) -> list[Transition]:
    return [transition for transition in told if not isinstance(transition, CheckAgain)]


@given(st.lists(moments, max_size=15), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_observations_with_equal_times_is_irrelevant(
    course: list[tuple[float, list[Check]]], random: object
) -> None:
    shuffled = [(delta, sorted(batch, key=lambda _: random.random())) for delta, batch in course]  # type: ignore[attr-defined]
    assert _alerts(_course(shuffled)) == _alerts(_course(course))


@given(st.lists(moments, max_size=15), st.lists(st.floats(0.01, 0.99), max_size=3))
@settings(max_examples=100, deadline=None)
def test_how_often_time_is_ticked_changes_nothing_of_what_is_told(
    course: list[tuple[float, list[Check]]], between: list[float]
) -> None:
    assert _course(course, between) == _course(course)


class Alerting(RuleBasedStateMachine):
    """Checks and ticks at will; what is told is checked against what was told before."""

    def __init__(self) -> None:
        super().__init__()
        self.t = 0.0
        self.state = AlertState()
        self.open: dict[str, AlertId] = {}
        self.level: dict[AlertId, str] = {}
        self.seen_ids: set[AlertId] = set()

    @rule(moment=moments)
    def see(self, moment: tuple[float, list[Check]]) -> None:
        delta, batch = moment
        self.t += delta
        for check in batch:
            self.state, told = observe(RULES, self.state, self.t, _observation(check, self.t))
            self._check(told)

    @rule(delta=st.sampled_from([0.0, 0.5, 9.0, 31.0, 121.0, 601.0]))
    def pass_time(self, delta: float) -> None:
        self.t += delta
        self.state, told = tick(RULES, self.state, self.t)
        self._check(told)

    def _check(self, told: Iterable[Transition]) -> None:
        for transition in told:
            match transition:
                case Fired(alert_id, level):
                    key = alert_id.key
                    assert key not in self.open, "two open alerts for one key"
                    assert alert_id not in self.seen_ids, "an id twice"
                    assert level in LEVELS
                    self.open[key] = alert_id
                    self.level[alert_id] = level
                    self.seen_ids.add(alert_id)
                case Changed(alert_id, level, reason):
                    assert alert_id in self.level, "changed before it fired, or after it resolved"
                    assert level != self.level[alert_id] or reason.startswith("flaps") or ": fails from " in reason
                    self.level[alert_id] = level
                case Resolved(alert_id):
                    assert alert_id in self.level, "resolved before it fired, or twice"
                    del self.level[alert_id]
                    self.open = {key: other for key, other in self.open.items() if other != alert_id}
                case Suppressed(key, because):
                    assert key not in self.open, "suppressed while it is open"
                    assert because in NAMES
                case CheckAgain(probe):
                    assert probe in NAMES

    @invariant()
    def the_state_agrees_with_what_was_told(self) -> None:
        mine = {key: (alert_id, self.level[alert_id]) for key, alert_id in self.open.items()}
        theirs = {key: (alert.alert_id, LEVELS[alert.rank]) for key, alert in self.state.open_alerts().items()}
        assert mine == theirs

    @invariant()
    def a_firing_is_never_due_to_a_probe_that_is_only_unknown(self) -> None:
        for key, alert in self.state.open_alerts().items():
            if key.startswith("probe-unknown:"):
                assert LEVELS[alert.rank] == LEVELS[-1]

    @invariant()
    def a_probe_is_down_when_it_is_from_any_place_that_counts(self) -> None:
        for name, vantages in (("door", ("edge", "around")), ("inner", ("a", "b"))):
            whole = self.state.probe(name)
            vantage_states = [self.state.vantage_states.find(f"{name}@{vantage}") for vantage in vantages]
            standings = {state.standing if state else Standing.UNDECIDED for state in vantage_states}
            expected = next(each for each in _WORST_FIRST if each in standings)
            assert (whole.standing if whole else Standing.UNDECIDED) is expected


_WORST_FIRST = (Standing.DOWN, Standing.UNKNOWN, Standing.UNDECIDED, Standing.UP)
Alerting.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestAlerting = Alerting.TestCase
