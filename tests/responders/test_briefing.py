"""What a responder may read never tells the truth, in whatever state the incident is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.included import included_root
from drills.model.events import ResponderKind
from drills.model.scenario import Scenario
from drills.responders.briefing import briefing
from drills.workspace.workspace import Workspace
from tests.scoring import timelines

WORKSPACE = Workspace.load(included_root())
SCENARIOS = [WORKSPACE.scenario(name) for name in WORKSPACE.scenarios]
PLAYBOOKS = [WORKSPACE.playbook(name) for name in WORKSPACE.playbooks]

#: What may happen before somebody asks: each takes the drill a step further.
STEPS = {
    "fault": lambda drill: drill.fault(kind="deploy-release"),
    "suffering": lambda drill: drill.suffering(2),
    "well": lambda drill: drill.well(2),
    "alert": lambda drill: drill.alert(level=drill.events[0].playbook.levels[0].name),
    "acknowledged": lambda drill: drill.acknowledged(),
    "severity": lambda drill: drill.severity(drill.events[0].playbook.levels[-1].name),
    "commander": lambda drill: drill.commander(),
    "update": lambda drill: drill.update(next_due=drill.now + 60),
    "action": lambda drill: drill.action(),
    "all-clear": lambda drill: drill.all_clear(),
}


def forbidden(scenario: Scenario) -> list[str]:
    """What only the debrief tells. A plain number gives nothing away: a briefing has many."""
    said = [scenario.name, scenario.title]
    for injection in scenario.timeline:
        settings = [str(value) for value in injection.fault.settings.values() if value != "app"]
        said += [injection.fault.kind, *(value for value in settings if not value.isdecimal())]
    if scenario.truth is not None:
        said.append(scenario.truth.remedy)
    return [*said, *scenario.hints]


def texts(value: object) -> Iterator[str]:
    """Every text of a playbook, but for short ones, whose removal would hide other words."""
    if isinstance(value, str):
        yield from [value] if len(value) > 5 else []
    elif isinstance(value, Mapping):
        yield from (text for part in value.values() for text in texts(part))
    elif isinstance(value, tuple | list):
        yield from (text for part in value for text in texts(part))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
@given(playbook=st.sampled_from(PLAYBOOKS), steps=st.lists(st.sampled_from(sorted(STEPS)), max_size=8))
def test_a_briefing_never_tells_the_truth(scenario: Scenario, playbook: object, steps: list[str]) -> None:
    drill = timelines.drill(ResponderKind.PERSON, scenario=scenario, playbook=playbook, blind=True).baseline()  # type: ignore[arg-type]
    for step in steps:
        drill = STEPS[step](drill)
    text = briefing(drill.timeline(), drill.now)
    # The story and the playbook's own words are no secret, whatever words they share with the truth.
    if scenario.truth is not None:
        candidates = f"Plausible causes: {', '.join(sorted(scenario.truth.among))}"
        assert candidates in text
        text = text.replace(candidates, "")
    # The scenarios that a playbook wants drilled each month are not said while one is answered.
    own_words = drill.events[0].playbook.model_dump(exclude={"monthly_drills"})
    for known in (scenario.story, *sorted(texts(own_words), key=len, reverse=True)):
        text = text.replace(known, "")
    if scenario.truth is not None:
        assert scenario.truth.cause not in text
    for secret in forbidden(scenario):
        assert secret.lower() not in text.lower()


def test_the_candidates_stand_in_an_order_that_tells_nothing() -> None:
    for scenario in SCENARIOS:
        if scenario.truth is not None:
            text = briefing(timelines.drill(ResponderKind.PERSON, scenario=scenario).timeline(), 1.0)
            listed = text.partition("Plausible causes: ")[2].splitlines()[0].split(", ")
            assert listed == sorted(scenario.truth.among)


def test_a_hint_that_was_taken_is_counted_not_told() -> None:
    drill = timelines.drill(ResponderKind.PERSON).baseline().fault().hint()
    assert "Hints taken: 1 of 1" in briefing(drill.timeline(), drill.now)


def test_alerts_show_their_present_level_and_whether_they_are_over() -> None:
    drill = (
        timelines.drill(ResponderKind.PERSON).baseline().fault().alert(6.0, "SEV2").alert(7.0, "SEV1", key="database")
    )
    text = briefing(drill.resolved(9.0, key="database").timeline(), 12.0)
    assert "SEV2      error-rate is over its threshold" in text
    assert "resolved  database is over its threshold" in text
    assert "6.0 s ago" in text
