import pytest
from markdown_it import MarkdownIt

from drills.reporting.content import content
from drills.reporting.markdown import markdown
from drills.reporting.markdown_table import escaped, fence, table
from tests.reporting import example, golden


def test_the_report_of_a_rich_drill_is_as_it_was_checked() -> None:
    golden.check("report.md", markdown(content(example.timeline(), example.scorecard())))


def test_the_report_of_an_invalid_drill_says_why() -> None:
    report = markdown(content(*example.invalid()))
    golden.check("invalid.md", report)
    assert "Result: **invalid**" in report
    assert "missing-index" not in report


def test_columns_are_aligned_in_the_source() -> None:
    lines = table(("Name", "Count"), [("a", "1"), ("longer", "1,204")], frozenset({1})).splitlines()
    assert lines == [
        "| Name   | Count |",
        "| ------ | ----: |",
        "| a      |     1 |",
        "| longer | 1,204 |",
    ]


def test_a_long_cell_is_shortened_and_widens_no_other() -> None:
    text = table(("By", "Note"), [("a", "x" * 100_000), ("b", "|" * 500), ("c", "short")])
    assert "x … and 99,000 more characters |" in text
    assert len(text) < 4000
    row = MarkdownIt().enable("table").render(text)
    assert (row.count("<tr>"), row.count("<td>")) == (4, 6)


def test_a_table_without_rows_is_nothing() -> None:
    assert table(("Name",), []) == ""


def test_nothing_that_came_from_outside_becomes_markup() -> None:
    hostile = "# <b>*a* _b_ [c](http://d) `e` | ~~f~~ &lt; snake_case \x1b[1m"
    rendered = MarkdownIt().enable(["table", "strikethrough"]).render(escaped(hostile))
    assert rendered == ("<p># &lt;b&gt;*a* _b_ [c](http://d) `e` | ~~f~~ &amp;lt; snake_case \\x1b[1m</p>\n")
    row = MarkdownIt().enable("table").render(table(("Head",), [(hostile,)]))
    assert row.count("<td>") == 1
    assert "<a" not in row


def test_plain_words_stay_as_they_are() -> None:
    assert escaped("orders_customer_idx: p95 > 2 s & more") == "orders_customer_idx: p95 > 2 s & more"


@pytest.mark.parametrize("start", ["# x", "> x", "- x", "+ x", "1. x", "12) x", "---", "-", "3."])
def test_no_line_begins_a_heading_a_list_or_a_rule(start: str) -> None:
    assert MarkdownIt().render(escaped(start)).startswith("<p>")


@pytest.mark.parametrize("figure", ["5.2 s", "-4.1 s", "+6.0", "1,204", "(a)"])
def test_figures_stay_as_they_are(figure: str) -> None:
    assert escaped(figure) == figure


def test_output_with_a_fence_in_it_stays_in_its_block() -> None:
    assert fence("a\n```\n````\nb", "sh") == "`````sh\na\n```\n````\nb\n`````"
