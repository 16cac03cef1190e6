"""What must hold of every score, whatever the drill."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from drills.model.events import DrillStarted, EndReason, ResponderKind, event_from_json, event_to_json
from drills.model.playbook import Audience, Choice, Milestone, Playbook
from drills.model.scorecard import DrillResult, Scorecard
from drills.model.timeline import Timeline
from drills.scoring.version_1.score import score
from tests.scoring.timelines import Drill, drill, playbook

quick = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))

#: The drills below last 90 s, and their outage begins at 5.2 s.
END, BEGAN = 90, 5.2
WITHIN = 30.0


@cache
def hasty() -> Playbook:
    """A playbook whose every limit is seconds, so that a short drill meets and misses them."""
    level = {
        "name": "SEV1",
        "means": "Outage",
        "respond": {"within": "10s", "source": "a"},
        "update_every": {"within": "15s", "source": "b"},
        "mitigate": {"within": "40s", "source": "c"},
        "resolve": {"within": "70s", "source": "d"},
        "status_page": {"within": "20s", "source": "e"},
        "post_mortem": {"within": "48h", "source": "f"},
    }
    return playbook(
        levels=[level, {**level, "name": "SEV2"}],
        thresholds=[{"level": "SEV1", "when": "error_rate > 0.05", "for_": "3s", "source": "g"}],
        triage=[
            {"by": "5s", "step": "Acknowledge", "milestone": "acknowledged", "source": "h"},
            {"by": "8s", "step": "Classify", "milestone": "severity-declared", "source": "i"},
            {"by": "12s", "step": "Name a commander", "milestone": "commander-named", "source": "j"},
            {"by": "20s", "step": "Look at what changed", "source": "k"},
        ],
        phases=[
            {"name": "Detection", "by": "15s", "ends_with": "acknowledged", "source": "l"},
            {"name": "Mitigation", "by": "35s", "ends_with": "mitigated", "source": "m"},
            {"name": "Resolution", "by": "60s", "ends_with": "all-clear", "source": "n"},
        ],
    )


@cache
def course(outage: int, responder: ResponderKind, end: int) -> Drill:
    """The traffic of a drill whose outage lasts that many seconds, and the action that ended it, if it ended."""
    made = drill(responder, playbook=hasty()).baseline().fault().suffering(outage, "checkout")
    if outage < end - 5:
        made = made.action(seconds=0.5).well(end - 5 - outage)
    return made


@dataclass(frozen=True)
class Told:
    """The story of a drill: how long users suffered, and t of what happened; None for what did not."""

    outage: int = 30
    alert: float | None = 10.0
    acknowledged: float | None = None
    severity: float | None = None
    commander: float | None = None
    update: float | None = None
    page: float | None = None
    cause: float | None = None
    decided: float | None = None
    checked: float | None = None
    all_clear: float | None = None
    post_mortem: float | None = None
    right_cause: bool = True
    right_level: bool = True
    choice: Choice = Choice.ROLLBACK
    hints: int = 0
    false_alarms: int = 0
    responder: ResponderKind = ResponderKind.PERSON
    end: int = END

    def drill(self) -> Drill:
        made = course(self.outage, self.responder, self.end)
        made = made if self.alert is None else made.alert(self.alert)
        made = made if self.acknowledged is None else made.acknowledged(self.acknowledged)
        made = made if self.severity is None else made.severity("SEV1" if self.right_level else "SEV2", self.severity)
        made = made if self.commander is None else made.commander(self.commander)
        made = made if self.update is None else made.update(self.update)
        made = made if self.page is None else made.update(self.page, Audience.STATUS_PAGE)
        made = made if self.cause is None else made.cause("bad-deploy" if self.right_cause else "x", self.cause)
        made = made if self.decided is None else made.decided(self.choice, self.decided)
        made = made if self.checked is None else made.checked(3, self.checked)
        made = made if self.all_clear is None else made.all_clear(self.all_clear)
        for number in range(self.hints):
            made = made.hint(20.0 + number)
        for number in range(self.false_alarms):
            made = made.alert(1.0 + number / 10, key=f"noise-{number}")
        made = made.ended(EndReason.LIMIT_REACHED)
        return made if self.post_mortem is None else made.post_mortem(self.post_mortem)

    def card(self) -> Scorecard:
        return score(self.drill().timeline())


#: What a responder does; an update and the status page are left out here: one post can be both.
DONE = (
    "acknowledged",
    "severity",
    "commander",
    "update",
    "cause",
    "decided",
    "checked",
    "all_clear",
    "post_mortem",
)
#: A few, so that their traffic is made once; around the limits of the playbook.
outages = st.sampled_from((5, 12, 20, 29, 38, 45, 60, 85))
moments = st.floats(6.0, 89.0).map(lambda t: round(t, 1))
maybe = st.none() | moments
stories = st.builds(
    Told,
    outage=outages,
    alert=st.none() | st.floats(6.0, 80.0).map(lambda t: round(t, 1)),
    acknowledged=maybe,
    severity=maybe,
    commander=maybe,
    update=maybe,
    cause=maybe,
    decided=maybe,
    checked=maybe,
    all_clear=maybe,
    post_mortem=maybe,
    right_cause=st.booleans(),
    right_level=st.booleans(),
    choice=st.sampled_from(Choice),
    hints=st.integers(0, 4),
    false_alarms=st.integers(0, 5),
)


def no_better(worse: Scorecard, better: Scorecard) -> None:
    assert worse.score is not None
    assert better.score is not None
    assert worse.score <= better.score, (worse.arithmetic, better.arithmetic)
    assert (worse.result, better.result) != (DrillResult.MET, DrillResult.MISSED)


@quick
@given(stories, st.sampled_from(DONE), st.floats(0.0, 60.0))
def test_what_the_responder_does_later_never_improves_a_score(story: Told, what: str, later: float) -> None:
    before = getattr(story, what)
    if before is None or (what == "all_clear" and story.card().premature_all_clear):
        return
    no_better(replace(story, **{what: min(89.5, before + later)}).card(), story.card())


@quick
@given(stories, st.sampled_from(DONE))
def test_what_the_responder_does_rightly_never_scores_less_than_not_doing_it(story: Told, what: str) -> None:
    right = replace(story, right_cause=True, right_level=True, choice=Choice.ROLLBACK)
    if getattr(right, what) is None or (what == "all_clear" and right.card().premature_all_clear):
        return
    no_better(replace(right, **{what: None}).card(), right.card())


@quick
@given(stories, outages, outages, st.sampled_from(ResponderKind))
def test_a_later_mitigation_or_none_never_improves_a_score(
    story: Told, one: int, other: int, responder: ResponderKind
) -> None:
    # Without the all-clear, which a longer outage makes premature: that is another fault of the story.
    told = replace(story, all_clear=None, responder=responder)
    no_better(replace(told, outage=max(one, other)).card(), replace(told, outage=min(one, other)).card())


@quick
@given(stories, st.floats(0.0, WITHIN - 1.0), st.none() | st.floats(WITHIN + 0.1, 80.0))
def test_a_detection_that_is_late_or_missing_never_improves_a_score(
    story: Told, in_time: float, late: float | None
) -> None:
    noticed = replace(story, alert=BEGAN + in_time)
    no_better(replace(noticed, alert=None if late is None else BEGAN + late).card(), noticed.card())


@quick
@given(stories, outages, outages)
def test_a_detection_that_is_later_and_with_it_all_that_follows_never_improves_a_score(
    story: Told, one: int, other: int
) -> None:
    # A detection within its limit moves the clock of the response with it, as a page that comes later does. So all
    # that follows moves here, by as much as the recovery and the end.
    later = abs(other - one)
    told = replace(story, outage=min(one, other))
    after = {name: None if (t := getattr(told, name)) is None else round(t + later, 1) for name in ("alert", *DONE)}
    moved = replace(told, outage=max(one, other), end=END + later, **after)
    assume(moved.card().premature_all_clear == told.card().premature_all_clear)
    no_better(moved.card(), told.card())


@quick
@given(stories)
def test_a_further_false_alarm_never_improves_a_score(story: Told) -> None:
    no_better(replace(story, false_alarms=story.false_alarms + 1).card(), story.card())


@quick
@given(stories)
def test_a_further_hint_never_improves_a_score(story: Told) -> None:
    no_better(replace(story, hints=story.hints + 1).card(), story.card())


@quick
@given(stories, st.floats(5.5, 89.0))
def test_a_premature_all_clear_is_never_better_than_none(story: Told, t: float) -> None:
    made = replace(story, all_clear=None, post_mortem=None).drill()
    with_it = score(made.all_clear(t).timeline())
    if with_it.premature_all_clear:
        no_better(with_it, score(made.timeline()))


@quick
@given(stories)
def test_a_wrong_conclusion_is_never_better_than_the_right_one(story: Told) -> None:
    right = replace(story, right_cause=True, right_level=True, choice=Choice.ROLLBACK)
    no_better(replace(story, right_cause=False, right_level=False, choice=Choice.WAIT).card(), right.card())


@quick
@given(stories, st.sampled_from(ResponderKind))
def test_a_score_stays_within_its_bounds_and_its_result_is_that_of_its_rows(
    story: Told, responder: ResponderKind
) -> None:
    card = replace(story, responder=responder).card()
    assert card.score is not None
    assert 0.0 <= card.score <= 100.0
    assert all(0.0 <= row.points <= row.weight for row in card.rows)
    assert (card.result is DrillResult.MET) == (not card.why_not)
    if Milestone.MITIGATED not in card.milestones:
        assert card.result is DrillResult.MISSED


@quick
@given(stories)
def test_a_drill_that_nobody_answers_is_never_met(story: Told) -> None:
    made = replace(story, responder=ResponderKind.NONE).drill()
    idle = Drill(tuple(event for event in made.events if event.kind != "action-taken"), made.now)
    assert score(idle.timeline()).result is DrillResult.MISSED


@quick
@given(stories)
def test_scoring_the_stored_events_again_gives_the_same_bytes(story: Told) -> None:
    made = story.drill()
    stored = [
        event_from_json(event_to_json(event)).model_copy(update={"seq": number})
        for number, event in enumerate(made.events)
    ]
    assert score(Timeline(stored)).model_dump_json() == score(made.timeline()).model_dump_json()


@quick
@given(stories, st.randoms(use_true_random=False))
def test_the_order_in_which_events_arrive_is_irrelevant(story: Told, chance: random.Random) -> None:
    made = story.drill()
    first, *rest = made.events
    chance.shuffle(rest)
    shuffled = [event.model_copy(update={"seq": number}) for number, event in enumerate([first, *rest])]
    assert score(Timeline(shuffled)).model_dump_json() == score(made.timeline()).model_dump_json()


@quick
@given(stories, st.integers(-100_000, 100_000))
def test_a_clock_that_is_set_moves_no_score(story: Told, seconds: int) -> None:
    made = story.drill()
    moved = [
        event
        if isinstance(event, DrillStarted)
        else event.model_copy(update={"at": event.at + timedelta(seconds=seconds)})
        for event in made.events
    ]
    dates = {"started_at", "ended_at"}
    assert score(Timeline(moved)).model_dump_json(exclude=dates) == score(made.timeline()).model_dump_json(
        exclude=dates
    )


@quick
@given(stories, moments, st.lists(moments, max_size=5))
def test_an_update_more_never_lowers_a_score(story: Told, one: float, others: list[float]) -> None:
    made = replace(story, update=None).drill()
    for t in others:
        made = made.update(t)
    no_better(score(made.timeline()), score(made.update(one).timeline()))
