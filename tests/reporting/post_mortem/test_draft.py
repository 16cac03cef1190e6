"""The draft has what the playbook's template and every post-mortem ask for, and each fact cites its events."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from drills.model.aftermath import OpenAction, Priority
from drills.model.timeline import Timeline
from drills.reporting.post_mortem.draft import TODO, draft
from drills.reporting.post_mortem.sections import Holds, holds, sections_of
from drills.scoring.score import score
from drills.workspace.workspace import Workspace
from tests.reporting import example, golden
from tests.scoring.timelines import QUIET, by_a_person, drill, rolled_back

ROOT = Path(__file__).parents[3]
PLAYBOOKS = Workspace.load(ROOT).playbooks
FIVE = ("emotionscare", "fastapi", "nutriprofile", "pagerduty", "slurpy")

#: What each document's own template lists, as what the draft must hold for it.
TEMPLATES = {
    "nutriprofile": "SUMMARY TIMELINE ROOT_CAUSE RESPONSE IMPACT HEADING WELL WRONG ACTIONS PREVENTION",
    "slurpy": "SUMMARY TIMELINE ROOT_CAUSE WELL WRONG ACTIONS LESSONS",
    "fastapi": "SUMMARY TIMELINE ROOT_CAUSE CONTRIBUTING WELL WRONG ACTIONS WHYS",
    "pagerduty": (
        "SUMMARY TIMELINE HEADING ROOT_CAUSE WHYS HEADING USERS BUSINESS WELL WRONG ACTIONS HEADING LESSONS LESSONS "
        "LESSONS HEADING METRICS LOGS REFERENCES"
    ),
    "emotionscare": "SUMMARY TIMELINE ROOT_CAUSE RESPONSE WELL WRONG ACTIONS",
}
#: Asked of every post-mortem, whatever the template says.
ALWAYS = {Holds.CONTRIBUTING, Holds.WHYS, Holds.ACTIONS, Holds.PREVENTION, Holds.TIMELINE, Holds.DETECTION}


def of(name: str) -> Timeline:
    """The rich drill of the reports' tests, scored by that playbook; events have their numbers."""
    first, *rest = example.timeline()
    numbered = [event.model_copy(update={"seq": number}) for number, event in enumerate(rest, start=1)]
    return Timeline([first.model_copy(update={"playbook": PLAYBOOKS[name], "seq": 0}), *numbered])


@pytest.mark.parametrize("name", FIVE)
def test_each_section_of_each_documents_template_is_understood(name: str) -> None:
    sections = sections_of(PLAYBOOKS[name].post_mortem_sections)
    wanted = TEMPLATES[name].split()
    assert [section.holds.name for section in sections[: len(wanted)]] == wanted
    assert {section.holds for section in sections} >= ALWAYS
    assert Holds.OTHER not in {section.holds for section in sections}


def test_a_title_of_a_team_that_nobody_foresaw_is_asked_for() -> None:
    assert holds("Weather on that day") is Holds.OTHER
    playbook = PLAYBOOKS["fastapi"].model_copy(update={"post_mortem_sections": ("Weather on that day",)})
    start = example.start().model_copy(update={"playbook": playbook, "seq": 0})
    text = draft(Timeline([start, *list(example.timeline())[1:]]), example.scorecard())
    assert f"## Weather on that day\n\n{TODO} Weather on that day" in text


@pytest.mark.parametrize("name", FIVE)
def test_the_draft_of_each_playbook_is_as_it_was_checked(name: str) -> None:
    golden.check(f"post-mortem-{name}.md", draft(of(name), example.scorecard()))


@pytest.mark.parametrize("name", FIVE)
def test_each_fact_cites_an_event_that_is_listed(name: str) -> None:
    text = draft(of(name), example.scorecard())
    check_citations(text)


@pytest.mark.parametrize(
    "made",
    [
        by_a_person(),
        rolled_back(),
        drill(scenario=QUIET).baseline().well(20).ended(),
        drill().baseline().fault().well(9).ended(),
    ],
    ids=["person", "runbook", "control", "reached-nobody"],
)
def test_a_draft_of_any_drill_has_facts_that_cite_their_events(made: object) -> None:
    timeline = made.timeline()  # type: ignore[attr-defined]
    check_citations(draft(timeline, score(timeline)))


def check_citations(text: str) -> None:
    body, _, listed = text.partition("\n## Events\n")
    known = set(re.findall(r'^- <a id="event-(\d+)"></a>\*\*#\1\*\* \d\d:\d\d:\d\d ', listed, re.MULTILINE))
    linked = set(re.findall(r"^\[#(\d+)\]: #event-\1$", listed, re.MULTILINE))
    assert set(re.findall(r"\[#(\d+)\]", body)) == known == linked
    for line in body.splitlines():
        states = line.startswith("- ") and not line.startswith("- [ ]")
        row = re.match(r"\| \d\d:\d\d:\d\d \|", line)
        if (states or row) and TODO not in line:
            assert re.search(r"\[#\d+\]", line), line


def test_citations_name_the_right_events() -> None:
    timeline = by_a_person().timeline()
    text = draft(timeline, score(timeline))
    numbers = {
        event.kind: event.seq for event in timeline if event.kind in ("acknowledged", "alert-fired", "cause-named")
    }
    assert f"- Acknowledged after 1.6 s (from detection, limit 15 m 02 s): met [#{numbers['acknowledged']}]" in text
    assert (
        f"- Detected by shop-metrics: error\\_rate > 0.5 for 5 s [#{numbers['alert-fired']}]".replace("\\_", "_")
        in text
    )
    assert f"That was right. [#{numbers['cause-named']}]" in text


def test_what_was_missed_becomes_an_action_item_to_fill() -> None:
    text = draft(of("fastapi"), example.scorecard())
    assert "| 1   | Post to the status page before the cause is known" in text
    assert "| Owner | Priority | Due date | Status |" in text


def test_action_items_of_earlier_drills_that_are_open_are_shown_again() -> None:
    open_item = OpenAction(
        drill_id="INC-20261018-001", number=3, action="Alert on growth", owner="@dba", priority=Priority.P1,
        due=date(2026, 11, 1),
    )  # fmt: skip
    timeline = of("fastapi")
    start = timeline.start.model_copy(update={"open_actions": (open_item,)})
    text = draft(Timeline([start, *list(timeline)[1:]]), example.scorecard())
    assert "- INC-20261018-001 #3 Alert on growth (@dba, P1, due 2026-11-01) [#0]" in text


def test_a_control_drill_says_that_nothing_was_injected() -> None:
    timeline = drill(scenario=QUIET).baseline().well(20).ended().timeline()
    assert "- Nothing was injected [#" in draft(timeline, score(timeline))


def test_nobody_is_blamed() -> None:
    """People are named by their roles; the sentences of a draft have no word that judges a person."""
    text = draft(of("pagerduty"), example.scorecard()).lower()
    for word in ("fault of", "blame ", "forgot", "failed to", "should have", "careless", "mistake by"):
        assert word not in text
