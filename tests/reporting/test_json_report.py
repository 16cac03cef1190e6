import json
import os
from pathlib import Path

import jsonschema
import pytest

from drills.model.scorecard import Scorecard
from drills.reporting.content import content
from drills.reporting.json_report import json_report, schema
from drills.scoring.score import score
from tests.reporting import example, golden
from tests.scoring.timelines import drill

PUBLISHED = Path(__file__).parents[2] / "docs" / "report-schema.json"


def test_the_report_of_a_rich_drill_is_as_it_was_checked() -> None:
    golden.check("report.json", json_report(content(example.timeline(), example.scorecard())))


def test_the_published_schema_is_the_one_of_this_version() -> None:
    if os.environ.get("RENEW_GOLDEN"):
        PUBLISHED.write_text(schema(), encoding="utf-8")
    assert PUBLISHED.read_text(encoding="utf-8") == schema(), "RENEW_GOLDEN=1 pytest tests/reporting renews it"


@pytest.mark.parametrize("which", ["rich", "invalid", "scored"])
def test_every_report_is_valid_by_the_published_schema(which: str) -> None:
    scored = drill().baseline().fault().well(2).suffering(9).well(12).alert(11.0).action(15.0).ended().timeline()
    drills = {
        "rich": (example.timeline(), example.scorecard()),
        "invalid": example.invalid(),
        "scored": (scored, score(scored)),
    }
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    checker = jsonschema.Draft202012Validator(published, format_checker=jsonschema.FormatChecker())
    checker.validate(json.loads(json_report(content(*drills[which]))))


def test_the_scorecard_can_be_read_back() -> None:
    document = json.loads(json_report(content(example.timeline(), example.scorecard())))
    assert Scorecard.model_validate(document["scorecard"]) == example.scorecard()


def test_milestones_are_told_from_the_first_impact() -> None:
    document = json.loads(json_report(content(example.timeline(), example.scorecard())))
    told = {item["milestone"]: item["from_first_impact"] for item in document["milestones"]}
    assert told["injected"] == -2.2
    assert told["detected"] == 5.2
    assert document["is_drill"] is True
