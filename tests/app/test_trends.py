"""The figures of a workspace's drills: a range, formats, the freshness of runbooks, who may see what."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from drills.app.context import Context
from drills.app.trends import GroupBy, as_csv, as_json, day, trends
from drills.errors import BadInput
from tests.app.conftest import ROOT, Ended
from tests.cli.typed import drills_here, one_line
from tests.scoring.timelines import BEGAN, Drill, by_a_person, rolled_back


def by_runbook(text: str) -> Drill:
    """The drill of a runbook, which ran that text."""
    made = rolled_back()
    digest = hashlib.sha256(text.encode()).hexdigest()
    return replace(
        made,
        events=tuple(
            each.model_copy(update={"digest": digest}) if each.kind == "runbook-started" else each
            for each in made.events
        ),
    )


def runbook() -> Path:
    return ROOT / "scenarios/bad-deploy/runbook.md"


def test_a_range_has_the_drills_that_began_in_it(context: Context, ended: Ended) -> None:
    ended(by_a_person())
    found = trends(context, GroupBy.SEVERITY, since=day("2026-11-19", "--since"), until=day("2026-11-19", "", end=True))
    (group,) = found.groups
    assert (group.playbook, group.severity, group.to_acknowledge.median) == ("test", "SEV2", 1.6)
    empty = trends(context, GroupBy.SEVERITY, since=BEGAN + timedelta(seconds=1), until=BEGAN + timedelta(days=1))
    assert empty.groups == ()


def test_a_runbook_is_fresh_by_a_valid_run_of_this_very_text(context: Context, ended: Ended) -> None:
    def state() -> tuple[bool, bool]:
        found = trends(context, GroupBy.SEVERITY)
        each = next(each for each in found.runbooks if each.scenario == "bad-deploy")
        return each.tested is not None, each.older_text

    assert state() == (False, False)
    ended(by_runbook("another text"))
    assert state() == (False, True)
    ended(by_runbook(runbook().read_text(encoding="utf-8")))
    assert state() == (True, False)


def test_csv_has_the_raw_points_and_json_all(context: Context, ended: Ended) -> None:
    first, second = ended(by_a_person()), ended(rolled_back())
    found = trends(context, GroupBy.RESPONDER)
    rows = list(csv.DictReader(io.StringIO(as_csv(found))))
    assert [row["drill_id"] for row in rows] == [first, second]
    assert (rows[0]["acknowledge_seconds"], rows[0]["acknowledge_reached"]) == ("1.6", "true")
    assert (rows[1]["acknowledge_seconds"], rows[1]["mitigate_reached"]) == ("", "true")
    document = json.loads(as_json(found))
    assert (document["format"], document["are_drills"], document["by"]) == (1, True, "responder")
    assert [group["key"] for group in document["groups"]] == ["person", "runbook"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--since", "yesterday"], "--since: 'yesterday' is not a date; write one such as 2026-11-30"),
        (["--by", "weather"], "--by: 'weather' is not known; write one of severity, scenario, responder, month"),
        (["--json", "--csv"], "--json and --csv: one of the two"),
        (["--since", "2026-12-01", "--until", "2026-11-01"], "is not before --until 2026-11-02; name an earlier day"),
    ],
)
def test_what_cannot_be_meant_is_told_in_one_line(context: Context, words: list[str], told: str) -> None:
    done = drills_here("history", *words, folder=context.workspace.home)
    assert done.returncode == 2
    assert told in one_line(done)


def test_a_range_backwards_is_refused(context: Context) -> None:
    with pytest.raises(BadInput, match="name an earlier day"):
        trends(context, GroupBy.MONTH, since=BEGAN, until=BEGAN)


def test_the_command_prints_the_figures(context: Context, ended: Ended) -> None:
    ended(by_a_person())
    told = drills_here("history", "--by", "severity", folder=context.workspace.home).stdout
    assert "1 scored drill from " in told
    assert [line.split()[:4] for line in told.splitlines() if "MTTA" in line] == [["test", "SEV2", "MTTA", "1.6"]]
