import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.model.events import RouteSecond
from drills.model.playbook import Milestone
from drills.model.probe import Outcome
from drills.reporting.chart_colours import INKS
from drills.reporting.chart_labels import label_rows
from drills.reporting.charts import chart
from drills.reporting.series import MOST_LANES, probe_lanes, series
from tests.reporting import example
from tests.scoring.timelines import drill

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def drawn() -> str:
    svg = chart(example.timeline(), example.scorecard())
    assert svg is not None
    return svg


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]


def test_the_same_events_are_drawn_with_the_same_bytes(drawn: str) -> None:
    assert chart(example.timeline(), example.scorecard()) == drawn


def test_every_milestone_is_named_with_its_time_from_the_first_impact(drawn: str) -> None:
    found = texts(drawn)
    assert {"fault injected", "first user impact", "detected +5.2 s", "mitigated +27.4 s"} <= set(found)
    assert len(re.findall(r'<g class="milestone">', drawn)) == len(example.scorecard().milestones)


def test_text_stays_text_and_the_curves_are_named(drawn: str) -> None:
    assert {"failed", "slow or unanswered", "p95", "p50", "offered", "answered well", "alert open", "search"} <= set(
        texts(drawn)
    )


def test_all_colours_are_css_variables_so_that_dark_and_paper_work(drawn: str) -> None:
    outside_style = re.sub(r"<style>.*?</style>", "", drawn, count=1, flags=re.DOTALL)
    assert not re.findall(r"#[0-9a-f]{6}", outside_style)
    assert "@media screen and (prefers-color-scheme:dark)" in drawn
    for ink in INKS:
        assert f"{ink.variable}:{ink.light}" in drawn


def test_it_has_a_title_and_a_description_for_those_who_cannot_see_it(drawn: str) -> None:
    root = ET.fromstring(drawn)
    assert root.get("role") == "img"
    assert (root.findtext(f"{SVG}title") or "").startswith("Chart of drill INC-")
    assert "mitigated at 00:49.6" in (root.findtext(f"{SVG}desc") or "")


def test_nothing_outside_of_it_is_needed(drawn: str) -> None:
    assert "<!DOCTYPE" not in drawn
    assert "<metadata" not in drawn
    assert not re.findall(r"url\((?!#)", drawn)
    assert not re.findall(r'href="(?!#)', drawn)


def test_without_traffic_there_is_nothing_to_draw() -> None:
    timeline, card = example.invalid()
    assert chart(timeline, card) is None


@pytest.mark.parametrize(
    "milestones", [{}, {Milestone.INJECTED: 20.0}, {Milestone.INJECTED: 6.0, Milestone.DETECTED: 66.0}]
)
def test_a_drill_with_few_milestones_is_drawn_too(milestones: dict[Milestone, float]) -> None:
    assert chart(example.timeline(), example.scorecard(milestones=milestones)) is not None


def test_a_stalled_system_is_drawn_as_suffering_though_nothing_is_answered() -> None:
    stalled = drill().baseline()
    for _ in range(4):
        stalled = stalled.second({"home": RouteSecond()}, started=0, overdue={"home": 8})
    curves = series(stalled.timeline())
    assert curves.answered[-1] == 0
    assert curves.waiting[-1] == 1.0
    assert curves.p95[-1] is None


def test_shares_are_of_all_requests_of_the_second() -> None:
    curves = series(drill().baseline().suffering(1, "checkout", share=0.5).timeline())
    assert curves.failed[-1] == pytest.approx(3 / 20)
    assert curves.waiting[-1] == 0
    assert curves.offered[-1] == 20
    assert curves.answered[-1] == 17


def test_probes_that_failed_are_kept_when_there_are_too_many_to_read() -> None:
    many = drill().baseline()
    for number in range(20):
        many = many.observed(1.0, f"calm-{number}", ok=True)
    many = many.observed(2.0, "unwell", ok=False)
    lanes = probe_lanes(many.timeline())
    assert len(lanes) == MOST_LANES
    assert lanes[-1].name == "unwell"
    assert lanes[-1].checks == ((2.0, Outcome.FAIL),)


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(1, 40)), max_size=12).map(sorted),
    st.floats(0, 2),
)
def test_no_label_lies_over_another_nor_over_a_line(marks: list[tuple[float, float]], gap: float) -> None:
    starts, widths = [start for start, _ in marks], [width for _, width in marks]
    rows = label_rows(starts, widths, gap)
    for earlier in range(len(marks)):
        for later in range(earlier + 1, len(marks)):
            if starts[later] < starts[earlier] + widths[earlier]:
                assert rows[earlier] > rows[later]
