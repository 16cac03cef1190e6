"""Scorecards as JUnit XML, so that CI shows a missed limit as a failed case with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from drills.model.durations import humane_limit
from drills.model.scorecard import DrillResult, Row, Scorecard, Verdict
from drills.reporting.sections.limits import actual
from drills.reporting.wording import clean, one_line, words


def junit(scorecards: Sequence[Scorecard]) -> str:
    """One suite for each drill, one case for each limit: missed is a failure, pending and not required are skipped.

    A drill that is not valid, or was aborted, is an error; a skipped one is a skipped case. Neither is ever a failure.
    """
    suites = [_suite(card) for card in scorecards]
    root = ET.Element("testsuites", {"name": "drills", **_totals(suites)})
    root.extend(suites)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _totals(suites: Sequence[ET.Element]) -> dict[str, str]:
    return {
        name: str(sum(int(suite.get(name, "0")) for suite in suites))
        for name in ("tests", "failures", "errors", "skipped")
    }


def _suite(card: Scorecard) -> ET.Element:
    cases = [_case(card, row) for row in card.rows] if card.result.is_scored else [_not_scored(card)]
    if card.result is DrillResult.MISSED and not any(case.find("failure") is not None for case in cases):
        case = _named(card, "the drill")
        _say(case, "failure", card.why_not or card.headline, "missed")
        cases.append(case)
    if not cases:
        cases.append(_named(card, "the drill"))
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
        "skipped": sum(case.find("skipped") is not None for case in cases),
    }
    suite = ET.Element(
        "testsuite",
        {
            "name": one_line(f"{card.drill_id} {card.title}"),
            **{name: str(number) for name, number in counts.items()},
            "time": f"{card.duration:.3f}",
            "timestamp": card.started_at.strftime("%Y-%m-%dT%H:%M:%S"),
            "hostname": card.driver,
        },
    )
    properties = ET.SubElement(suite, "properties")
    about = {
        "drill": card.drill_id,
        "scenario": card.scenario,
        "playbook": card.playbook,
        "responder": card.responder.value,
        "result": card.result.value,
        "score": "" if card.score is None else f"{card.score:g}",
        "grade": card.grade or "",
        "rules-version": str(card.rules_version),
    }
    for name, value in about.items():
        ET.SubElement(properties, "property", {"name": name, "value": one_line(value)})
    suite.extend(cases)
    ET.SubElement(suite, "system-out").text = clean(card.headline)
    return suite


def _named(card: Scorecard, name: str, seconds: float | None = None) -> ET.Element:
    case = ET.Element("testcase", {"classname": f"drills.{one_line(card.scenario)}", "name": one_line(name)})
    if seconds is not None:
        case.set("time", f"{max(0.0, seconds):.3f}")
    return case


def _say(case: ET.Element, tag: str, message: str, kind: str) -> None:
    element = ET.SubElement(case, tag, {"message": one_line(message)})
    if tag != "skipped":
        element.set("type", kind)
        element.text = clean(message)


def _case(card: Scorecard, row: Row) -> ET.Element:
    says = row.limit_says or ("" if row.limit is None else f"within {humane_limit(row.limit)}")
    limit = one_line(f"{says} of {row.counted_from}" if row.limit is not None else says)
    case = _named(card, f"{card.label_of(row)} ({row.basis.value}): {limit}", row.actual)
    if row.verdict is Verdict.MISSED:
        measured = f", actual: {actual(row)}" if actual(row) else ""
        _say(case, "failure", f"{row.reason}; limit: {limit}{measured} ({row.source})", "missed")
    elif row.verdict is not Verdict.MET:
        _say(case, "skipped", f"{words(row.verdict)}: {row.reason}", row.verdict.value)
    return case


def _not_scored(card: Scorecard) -> ET.Element:
    case = _named(card, "the drill is valid", card.duration)
    if card.result is DrillResult.SKIPPED:
        _say(case, "skipped", card.why_not, card.result.value)
    else:
        _say(case, "error", f"{card.result.value}: {card.why_not}", card.result.value)
    return case
