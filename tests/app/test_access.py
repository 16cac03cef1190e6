"""The rule of who may see and do what: each role, each act, each moment."""

from __future__ import annotations

from itertools import product

import pytest

from drills.app.access import IDLE, TERMINAL, Act, Caller, Moment, Role, Situation, allowed, refusal, require
from drills.errors import ExitCode, NotAllowed

SITUATIONS = {
    Moment.IDLE: IDLE,
    Moment.OPEN: Situation(Moment.OPEN, "INC-1 is still going on"),
    Moment.BLIND: Situation(Moment.BLIND, "INC-1 is a blind drill and still going on"),
}
EVER, ENDED = frozenset(Moment), frozenset({Moment.IDLE})
SIGHTED, RUNNING = frozenset({Moment.IDLE, Moment.OPEN}), frozenset({Moment.OPEN, Moment.BLIND})
#: Stated from the drill's side: who may, and when. Whatever is not listed is refused.
MAY: dict[Act, dict[Role, frozenset[Moment]]] = {
    Act.LIST_SCENARIOS: dict.fromkeys(Role, EVER),
    Act.READ_CALENDAR: dict.fromkeys(Role, EVER),
    Act.READ_HISTORY: dict.fromkeys(Role, EVER),
    Act.FOLLOW_RESPONSE: dict.fromkeys(Role, EVER),
    Act.READ_SCENARIO: {**dict.fromkeys(Role, SIGHTED), Role.FACILITATOR: EVER},
    Act.NAME_DRILL: {**dict.fromkeys(Role, SIGHTED), Role.FACILITATOR: EVER},
    Act.FOLLOW_TRUTH: {**dict.fromkeys(Role, SIGHTED), Role.FACILITATOR: EVER},
    Act.READ_STATE: {**dict.fromkeys(Role, SIGHTED), Role.FACILITATOR: EVER},
    Act.READ_TRUTH: {Role.FACILITATOR: EVER, Role.REVIEWER: SIGHTED},
    Act.NAME_SCHEDULED: {Role.FACILITATOR: EVER},
    Act.READ_REPORT: dict.fromkeys(Role, ENDED),
    Act.START: {Role.FACILITATOR: EVER},
    Act.PRACTISE: {Role.FACILITATOR: EVER, Role.RESPONDER: EVER},
    Act.RESPOND: dict.fromkeys((Role.FACILITATOR, Role.RESPONDER), RUNNING),
    Act.OPERATE: dict.fromkeys((Role.FACILITATOR, Role.RESPONDER), EVER),
    Act.PROBE: dict.fromkeys((Role.FACILITATOR, Role.RESPONDER, Role.OBSERVER), EVER),
    Act.STOP: dict.fromkeys((Role.FACILITATOR, Role.RESPONDER), EVER),
    Act.MAINTAIN: {Role.FACILITATOR: EVER},
    Act.SERVE: {Role.FACILITATOR: EVER},
    Act.CORRECT: {Role.FACILITATOR: ENDED},
    Act.FOLLOW_UP: dict.fromkeys((Role.FACILITATOR, Role.RESPONDER, Role.REVIEWER), ENDED),
}
#: What tells a responder the truth of a blind drill.
TELLS = {Act.READ_SCENARIO, Act.READ_TRUTH, Act.NAME_DRILL, Act.NAME_SCHEDULED, Act.FOLLOW_TRUTH, Act.READ_STATE}


@pytest.mark.parametrize(("role", "act", "moment"), list(product(Role, Act, Moment)), ids=lambda value: value.name)
def test_each_role_may_do_each_act_in_these_moments_only(role: Role, act: Act, moment: Moment) -> None:
    assert allowed(Caller(role), act, SITUATIONS[moment]) is (moment in MAY[act].get(role, ()))


@pytest.mark.parametrize("act", sorted(TELLS | {Act.READ_REPORT}, key=lambda act: act.name))
def test_nobody_but_a_facilitator_elsewhere_sees_the_truth_of_a_blind_drill(act: Act) -> None:
    blind = SITUATIONS[Moment.BLIND]
    for caller in (Caller(Role.RESPONDER), Caller(Role.OBSERVER), Caller(Role.REVIEWER), TERMINAL):
        assert not allowed(caller, act, blind)


@pytest.mark.parametrize(("act", "moment"), list(product(Act, Moment)), ids=lambda value: value.name)
def test_a_terminal_is_the_owners_and_shows_what_a_responder_may_see_while_a_blind_drill_runs(
    act: Act, moment: Moment
) -> None:
    role = Role.RESPONDER if moment is Moment.BLIND and act.shows else Role.FACILITATOR
    assert allowed(TERMINAL, act, SITUATIONS[moment]) is allowed(Caller(role), act, SITUATIONS[moment])


@pytest.mark.parametrize(
    ("caller", "act", "moment", "why"),
    [
        (
            TERMINAL,
            Act.READ_SCENARIO,
            Moment.BLIND,
            "INC-1 is a blind drill and still going on; scenarios are shown when it has ended",
        ),
        (
            TERMINAL,
            Act.NAME_SCHEDULED,
            Moment.BLIND,
            "INC-1 is a blind drill and still going on; the drills of the calendar are named when it has ended",
        ),
        (
            Caller(Role.REVIEWER),
            Act.READ_REPORT,
            Moment.OPEN,
            "INC-1 is still going on; its report is written when it has ended",
        ),
        (TERMINAL, Act.RESPOND, Moment.IDLE, "no drill is running; answering is possible while one is"),
        (
            Caller(Role.OBSERVER),
            Act.RESPOND,
            Moment.OPEN,
            "this is not for an observer: answering is possible for responders and facilitators only",
        ),
        (
            Caller(Role.RESPONDER),
            Act.READ_TRUTH,
            Moment.IDLE,
            "this is not for a responder: what scenarios break is shown for facilitators and reviewers only",
        ),
    ],
)
def test_a_refusal_says_why_and_when_it_will_be_allowed(caller: Caller, act: Act, moment: Moment, why: str) -> None:
    assert refusal(caller, act, SITUATIONS[moment]) == why
    with pytest.raises(NotAllowed) as refused:
        require(caller, act, SITUATIONS[moment])
    assert (str(refused.value), refused.value.exit_code) == (why, ExitCode.BAD_INPUT)


def test_what_goes_on_is_found_out_only_where_it_decides() -> None:
    asked: list[Act] = []

    def blind(act: Act) -> Situation:
        asked.append(act)
        return SITUATIONS[Moment.BLIND]

    require(TERMINAL, Act.OPERATE, lambda: blind(Act.OPERATE))
    assert asked == []
    with pytest.raises(NotAllowed):
        require(TERMINAL, Act.READ_STATE, lambda: blind(Act.READ_STATE))
    assert asked == [Act.READ_STATE]
