from xml.etree import ElementTree as ET

import pytest

from drills.model.scorecard import DrillResult, Verdict
from drills.reporting.junit import junit
from tests.reporting import example, golden


def cases(text: str) -> dict[str, ET.Element]:
    return {case.get("name", ""): case for case in ET.fromstring(text).iter("testcase")}


def only(text: str) -> ET.Element:
    (case,) = ET.fromstring(text).iter("testcase")
    return case


def test_two_drills_are_as_they_were_checked() -> None:
    golden.check("junit.xml", junit([example.scorecard(), example.invalid()[1]]))


def test_there_is_one_case_for_each_row() -> None:
    found = cases(junit([example.scorecard()]))
    assert len(found) == len(example.ROWS)
    for row in example.ROWS:
        (case,) = [case for name, case in found.items() if name.startswith(f"{row.label} (")]
        tags = {child.tag for child in case}
        expected = {Verdict.MET: set(), Verdict.MISSED: {"failure"}}.get(row.verdict, {"skipped"})
        assert tags == expected, row.label


def test_a_missed_limit_fails_with_its_reason() -> None:
    (failure,) = ET.fromstring(junit([example.scorecard()])).iter("failure")
    assert failure.get("message") == (
        "posted only with the all clear; limit: within 20 s of detection, actual: 32.8 s (line 280)"
    )


def test_counts_are_those_of_the_cases() -> None:
    root = ET.fromstring(junit([example.scorecard(), example.invalid()[1]]))
    assert dict(root.attrib) == {"name": "drills", "tests": "13", "failures": "1", "errors": "1", "skipped": "2"}


@pytest.mark.parametrize(
    ("result", "tag"),
    [(DrillResult.INVALID, "error"), (DrillResult.ABORTED, "error"), (DrillResult.SKIPPED, "skipped")],
)
def test_a_drill_that_is_not_scored_is_never_a_failure(result: DrillResult, tag: str) -> None:
    card = example.invalid()[1].model_copy(update={"result": result})
    (child,) = only(junit([card]))
    assert child.tag == tag
    assert "the steady state never held" in child.get("message", "")


def test_a_missed_drill_always_has_a_failed_case() -> None:
    card = example.scorecard(result=DrillResult.MISSED, rows=(), why_not="all clear was declared too early")
    (failure,) = only(junit([card]))
    assert failure.tag == "failure"
    assert failure.get("message") == "all clear was declared too early"


def test_no_text_can_break_the_document() -> None:
    row = example.ROWS[3].model_copy(update={"reason": example.HOSTILE + "\x0b\ud800]]>", "label": '"<&\x00'})
    (failure,) = ET.fromstring(junit([example.scorecard(rows=(row,), title=example.HOSTILE)])).iter("failure")
    assert "<script>alert('x')</script> & \\x1b[31mred" in (failure.text or "")
