import re
from html.parser import HTMLParser

import pytest

from drills.model.scorecard import DrillResult
from drills.reporting.content import content
from drills.reporting.html import html
from drills.scoring.score import score
from tests.reporting import example, golden
from tests.scoring.timelines import QUIET, drill

SECTIONS = (
    "What users suffered, and when",
    "Scorecard",
    "How the score was computed",
    "What to improve",
    "Compared with the last run",
    "Where the time went",
    "Timeline",
    "What monitoring saw",
    "Key metrics, as monitoring measured them",
    "What was hurt",
    "What was run",
    "Triage checklist",
    "Decision",
    "Communication",
    "The truth, and what was known when",
    "What was undone",
    "Is the drill valid?",
)


class Page(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


@pytest.fixture(scope="module")
def rich() -> str:
    return html(content(example.timeline(), example.scorecard()))


def headings(page: str) -> list[str]:
    return re.findall(r'<h2 id="[^"]+">([^<]+)</h2>', page)


def without_chart(page: str) -> str:
    """The chart's bytes depend on matplotlib's version."""
    return re.sub(r"<svg.*?</svg>\n?", "<svg/>", page, flags=re.DOTALL)


def test_the_page_of_a_rich_drill_is_as_it_was_checked(rich: str) -> None:
    golden.check("report.html", without_chart(rich))


def test_the_same_events_give_the_same_bytes(rich: str) -> None:
    assert html(content(example.timeline(), example.scorecard())) == rich


def test_every_section_is_there_for_a_drill_that_has_everything(rich: str) -> None:
    assert headings(rich) == list(SECTIONS)


def test_nothing_is_fetched_and_nothing_runs(rich: str) -> None:
    page = Page(rich)
    assert not page.named("script", "link", "img", "iframe", "object", "embed", "base", "form")
    for _, attributes in page.tags:
        assert not {"src", "srcset", "href", "action", "background"} & attributes.keys()
        assert not [name for name in attributes if name.startswith("on")]
        assert (attributes.get("xlink:href") or "#").startswith("#")
    assert "@import" not in rich
    assert not re.findall(r"url\((?!#)", rich)


def test_what_came_from_outside_is_text_and_only_text(rich: str) -> None:
    assert "<script" not in rich
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; \\x1b[31mred\\x1b[0m \\x00" in rich
    assert not re.findall(r"[\x00-\x08\x0b-\x1f\x7f]", rich)


def test_it_says_that_it_was_a_drill(rich: str) -> None:
    assert "This was a drill in a sandbox. No real user was affected." in rich


def test_tables_are_read_aloud_with_their_heads(rich: str) -> None:
    page = Page(rich)
    assert page.named("th")
    assert all(attributes.get("scope") in ("col", "row") for attributes in page.named("th"))
    assert rich.count("<table") == rich.count("<thead>")
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_verdicts_are_not_told_by_colour_alone(rich: str) -> None:
    for told in ("✓ met", "✗ missed", "… pending"):
        assert told in rich


def test_dark_narrow_and_paper_are_provided_for(rich: str) -> None:
    for condition in ("prefers-color-scheme: dark", "max-width: 640px", "@media print"):
        assert condition in rich


def test_key_metrics_that_nobody_measured_are_said_to_be_so(rich: str) -> None:
    assert re.search(r"Disk</th><td[^>]*>not measured", rich)


def test_a_missed_limit_that_does_not_decide_is_said_beside_the_result(rich: str) -> None:
    assert "Met; 1 lesser limit missed" in rich


def test_a_drill_that_is_not_valid_has_a_page_that_says_why() -> None:
    page = html(content(*example.invalid()))
    golden.check("invalid.html", page)
    assert "Not scored, because the drill is not valid:" in page
    assert "probe search failed (status == 200 is false: 503)" in page
    assert headings(page) == ["Timeline", "Is the drill valid?"]


def test_a_drill_that_broke_nothing_keeps_its_truth() -> None:
    page = html(content(*example.invalid()))
    assert "missing-index" not in page
    assert "concurrently" not in page


@pytest.mark.parametrize(
    ("result", "says"),
    [
        (DrillResult.ABORTED, "Not scored, because the drill was aborted:"),
        (DrillResult.SKIPPED, "Not run, and so not scored:"),
        (DrillResult.RUNNING, "Not scored yet:"),
    ],
)
def test_other_drills_without_a_score_say_so(result: DrillResult, says: str) -> None:
    timeline, card = example.invalid()
    page = html(content(timeline, card.model_copy(update={"result": result})))
    assert says in page
    assert "of 100 points" not in page


def test_a_missed_drill_says_what_was_missed() -> None:
    timeline = drill().baseline().fault().well(2).suffering(90, "checkout").ended().timeline()
    page = html(content(timeline, score(timeline)))
    assert "Missed, because:" in page
    assert "not detected" in page
    assert "not mitigated" in page


def test_a_control_drill_is_judged_by_its_silence() -> None:
    from drills.model.events import DrillStarted

    timeline = drill().baseline().well(10).ended().timeline()
    quiet = timeline.start.model_copy(update={"scenario": QUIET})
    timeline = type(timeline)([quiet if isinstance(event, DrillStarted) else event for event in timeline])
    page = html(content(timeline, score(timeline)))
    assert "False alarms" in page
    assert "this was a control drill, in which silence is right" in page
