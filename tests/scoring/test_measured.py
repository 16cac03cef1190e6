"""What held at each moment: users in a closed loop against an app, held against the thresholds of the playbooks."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drills.alerting import AlertRules, AlertState, Changed, Fired, observe, tick
from drills.impact.assessment import assess
from drills.included import included_root
from drills.model.events import BaselineTaken, ProbeObserved, TrafficSecond, TrafficStarted, moment
from drills.model.playbook import Playbook
from drills.model.probe import Observation, Outcome, ProbeSpec
from drills.model.timeline import Timeline
from drills.scoring.measured import Spell, moments, spells
from drills.traffic.ledger import Flight, Ledger
from drills.traffic.second import Second
from drills.workspace.workspace import Workspace
from tests.scoring.timelines import drill

USERS, ROUTES = 20, ("home", "search", "orders", "checkout", "receipt")
#: When the fault is applied; a request that is sent later is answered as the test says.
FAULT = 15.0

#: Of a route that is asked now: the seconds until its answer, and what is wrong with it.
Answer = Callable[[str], tuple[float, str | None]]


@cache
def included(name: str) -> Playbook:
    return Workspace.load(included_root()).playbook(name)


def well(_: str) -> tuple[float, str | None]:
    return 0.05, None


def hangs(_: str) -> tuple[float, str | None]:
    return 10.0, "ReadTimeout"


def takes(seconds: float) -> Answer:
    return lambda _: (seconds, None)


def on(wanted: str, answer: Answer) -> Answer:
    """Only this route; the others are well."""
    return lambda route: answer(route) if route == wanted else well(route)


def lived(answer: Answer, until: float) -> Iterator[Second]:
    """The seconds of users who ask one route after the other, once a second, and give up after ten seconds."""
    ledger = Ledger(0.0, period=1.0, slow_after=2.0, client_timeout=10.0)
    asked = list(range(USERS))
    todo: list[tuple[float, int, Flight | None, str | None]] = [
        (ledger.take(user, 0.0), user, None, None) for user in (ledger.enter(0.0) for _ in range(USERS))
    ]
    heapq.heapify(todo)
    while todo[0][0] < until:
        t, user, flight, error = heapq.heappop(todo)
        yield from ledger.close(t)
        if flight is None:
            route = ROUTES[asked[user] % len(ROUTES)]
            asked[user] += 1
            seconds, error = (well if t < FAULT else answer)(route)
            heapq.heappush(todo, (t + seconds, user, ledger.send(user, t, route), error))
        else:
            ledger.judge(flight, t, error=error)
            heapq.heappush(todo, (max(t, ledger.take(user, t)), user, None, None))
    yield from ledger.close(until)


def timeline(playbook: str, answer: Answer, *, probes: Sequence[ProbeSpec] = (), until: float = 60.0) -> Timeline:
    made = drill(playbook=included(playbook), probes=tuple(probes))
    made = made.add(TrafficStarted, users=USERS, requests_per_second=20.0, slow_after=2.0)
    for second in lived(answer, until):
        if made.now == FAULT:
            made = made.add(BaselineTaken, since=5.0, until=FAULT).fault()
        fields = asdict(second)
        sufferers, end = fields.pop("sufferers"), fields.pop("end")
        overdue = sum(second.overdue_routes.values())
        made = replace(made, now=end)
        made = made.add(TrafficSecond, users_suffering=len(sufferers), overdue=overdue, **fields)
    return made.ended().timeline()


def reached(made: Timeline) -> list[Spell]:
    return list(spells(made, assess(made)))


def worst(made: Timeline) -> str | None:
    return min(reached(made), key=lambda spell: spell.rank).threshold.level if reached(made) else None


def peak(made: Timeline, metric: str) -> float:
    return max(moment.values.get(metric, 0.0) for moment in moments(made, assess(made)))


def test_every_request_that_hangs_is_an_error_when_its_client_gives_up_and_not_before() -> None:
    made = timeline("emotionscare", hangs)
    rates = {moment.t: moment.values.get("error_rate") for moment in moments(made, assess(made))}
    assert all(not rates[t] for t in rates if t < FAULT + 10.0)
    assert all(rates[t] == 1.0 for t in rates if t >= FAULT + 12.0)
    assert worst(made) == "P1"


def test_requests_that_take_almost_five_seconds_are_not_told_as_over_five() -> None:
    made = timeline("nutriprofile", takes(4.9))
    assert peak(made, "p95") == pytest.approx(4.9, rel=0.01)
    assert worst(made) == "SEV-3"


def test_requests_that_take_just_over_five_seconds_are_told_as_that() -> None:
    assert worst(timeline("nutriprofile", takes(5.1))) == "SEV-2"


def test_a_slow_page_on_which_nothing_fails_is_slow() -> None:
    assert worst(timeline("nutriprofile", on("home", takes(2.5)))) == "SEV-3"


@pytest.mark.parametrize("share", [0.95, 0.99])
def test_a_percentile_is_within_one_percent_of_that_of_the_requests_themselves(share: float) -> None:
    made = timeline("pagerduty", takes(3.3))
    assert peak(made, f"p{share * 100:.0f}") == pytest.approx(3.3, rel=0.01)


def test_one_journey_of_five_that_fails_is_a_fifth_of_the_journeys() -> None:
    made = timeline("fastapi", on("home", lambda _: (0.1, "HTTP 503")))
    assert peak(made, "journeys_failing") == pytest.approx(0.2)
    assert peak(made, "worst_journey_error_rate") == 1.0


def test_a_slow_journey_is_affected_and_does_not_fail() -> None:
    made = timeline("fastapi", on("home", takes(3.0)))
    assert peak(made, "journeys_affected") == pytest.approx(0.2)
    assert peak(made, "journeys_failing") == 0.0


def test_a_spell_tells_since_when_it_held_when_its_for_was_over_and_until_when() -> None:
    made = timeline("emotionscare", lambda _: (0.1, "HTTP 503"), until=50.0)
    spell = next(each for each in reached(made) if each.threshold.when == "error_rate >= 0.95")
    assert (spell.began, spell.reached, spell.until) == (25.0, 35.0, 50.0)


# ---- probes: measured as alerts are raised -------------------------------------------------------------------------


HOME = ProbeSpec.model_validate({"name": "home", "http": {"url": "${app}/"}, "role": "site", "every": "3s"})
SEARCH = ProbeSpec.model_validate({"name": "search", "http": {"url": "${app}/s"}, "role": "feature", "every": "3s"})
DATABASE = ProbeSpec.model_validate({"name": "database", "postgres": {"url": "${db}"}, "role": "database"})

#: What one check of each probe saw, in each second.
Checks = Sequence[tuple[Outcome, ...]]


def checked(playbook: Playbook, checks: Checks, probes: tuple[ProbeSpec, ...] = (HOME, SEARCH, DATABASE)) -> Timeline:
    """Users are well; after the fault each second has one check of each probe, half a second after it began."""
    made = drill(playbook=playbook, probes=probes).baseline().fault()
    for outcomes in checks:
        for spec, outcome in zip(probes, outcomes, strict=True):
            made = made.add(ProbeObserved, made.now + 0.5, probe=spec.name, outcome=outcome)
        made = made.well(1)
    return made.ended().timeline()


def alerted(made: Timeline) -> int | None:
    """The rank of the most severe alert that monitoring raised, or rose to, on these checks."""
    rules, state = AlertRules.of(made.start.playbook, made.start.probes), AlertState()
    levels = []
    for event in made:
        if isinstance(event, ProbeObserved):
            seen = Observation(event.probe, event.at, event.t, event.outcome)
            state, told = observe(rules, state, event.t, seen)
        elif isinstance(event, TrafficSecond):
            state, told = tick(rules, state, event.t)
        else:
            continue
        levels += [each.level for each in told if isinstance(each, Fired | Changed)]
    return min((made.start.playbook.rank(level) for level in levels), default=None)


def only_probes(playbook: Playbook) -> Playbook:
    kept = [each for each in playbook.thresholds if "_failing" in each.when or "_degraded" in each.when]
    told_by_probes = tuple(each for each in kept if "journeys" not in each.when)
    return playbook.model_copy(update={"thresholds": told_by_probes})


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(("nutriprofile", "slurpy", "fastapi", "pagerduty", "emotionscare")),
    st.lists(st.tuples(*[st.sampled_from((Outcome.PASS, Outcome.DEGRADED, Outcome.FAIL))] * 3), max_size=25),
)
def test_the_worst_alert_and_the_worst_measured_level_are_the_same(name: str, checks: Checks) -> None:
    made = checked(only_probes(included(name)), checks)
    assert alerted(made) == min((spell.rank for spell in reached(made)), default=None)


def test_a_page_that_fails_for_less_than_its_for_and_waits_for_a_second_pass_is_not_told_as_longer() -> None:
    failing, passing = (Outcome.FAIL, Outcome.PASS, Outcome.PASS), (Outcome.PASS, Outcome.PASS, Outcome.PASS)
    unsure = (Outcome.UNKNOWN, Outcome.PASS, Outcome.PASS)
    made = checked(included("emotionscare"), [failing] * 5 + [passing] + [unsure] * 2 + [passing])
    assert worst(made) is None
    assert alerted(made) is None


def test_a_home_page_that_is_slow_is_never_an_outage() -> None:
    slow = (Outcome.DEGRADED, Outcome.PASS, Outcome.PASS)
    assert {name: worst(checked(included(name), [slow] * 12)) for name in ("nutriprofile", "fastapi", "pagerduty")} == {
        "nutriprofile": "SEV-3",
        "fastapi": "SEV3",
        "pagerduty": "SEV-3",
    }


@pytest.mark.parametrize(
    ("playbook", "level"),
    [
        ("nutriprofile", "SEV-2"),
        ("slurpy", "P1"),
        ("fastapi", "SEV2"),
        ("pagerduty", "SEV-2"),
        ("emotionscare", "P1"),  # "Homepage returns 500 error"
    ],
)
def test_a_home_page_that_is_down_alone_is_what_the_document_says_of_one_feature(playbook: str, level: str) -> None:
    down = (Outcome.FAIL, Outcome.PASS, Outcome.PASS)
    assert worst(checked(included(playbook), [down] * 12)) == level


@pytest.mark.parametrize("playbook", ["nutriprofile", "slurpy", "fastapi", "pagerduty", "emotionscare"])
def test_a_site_that_is_down_with_every_journey_failing_is_an_outage(playbook: str) -> None:
    made = timeline(playbook, lambda _: (0.1, "HTTP 503"), probes=(HOME,))
    for second in range(15, 60):
        made = Timeline(sorted([*made, _down(made, second + 0.5)], key=moment))
    assert worst(made) == included(playbook).levels[0].name


def _down(made: Timeline, t: float) -> ProbeObserved:
    return ProbeObserved(t=t, at=made.start.at, probe="home", outcome=Outcome.FAIL, reason="status 503")
