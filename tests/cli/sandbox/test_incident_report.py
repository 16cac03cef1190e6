"""`drills sandbox report`: an incident's name, severity and times, and every first question with its answer."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.sandbox.shop_on_paper import ShopOnPaper
from tests.cli.sandbox.typing_in import printed, refused


def report(*words: str) -> list[str]:
    return printed("sandbox", "report", *words)


@pytest.mark.usefixtures("shop")
def test_without_a_word_it_is_what_the_sandbox_says_now() -> None:
    lines = report()
    assert re.fullmatch(r"# What the sandbox says, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", lines[0])
    assert any(line.endswith(" questions asked, 0 without an answer.") for line in lines)
    areas = [line for line in lines if line.startswith("## ")]
    assert areas == ["## Sandbox", "## Database", "## Cache", "## Network", "## Logs"]
    assert not [line for line in lines if line.startswith(("- **Severity", "- **Began", "- **Ended"))]


@pytest.mark.usefixtures("shop")
def test_it_carries_the_incidents_name_severity_and_times() -> None:
    span = ("--start-time", "2026-01-15T15:30:00+01:00", "--end-time", "2026-01-15 15:15")
    lines = report("--title", "Pool exhausted", "--severity", "sev-2", *span)
    assert lines[0] == "# Pool exhausted"
    assert lines[2:5] == [
        "- **Severity**: SEV2",
        "- **Began**: 2026-01-15 14:30:00 UTC",
        "- **Ended**: 2026-01-15 15:15:00 UTC",
    ]


def test_logs_and_changes_are_read_back_to_its_beginning(shop: ShopOnPaper) -> None:
    report("--since", "2h")
    assert shop.asked == {timedelta(hours=2)}


def test_one_question_without_an_answer_hides_no_other(shop: ShopOnPaper) -> None:
    shop.database_answers = False
    lines = report()
    at = lines.index("### Connections, by state (no answer)")
    assert lines[at + 1 : at + 5] == ["", "```text", "the database does not answer: connection refused", "```"]
    assert "an error of external-api" in lines


@pytest.mark.usefixtures("shop")
def test_it_is_kept_as_a_file(tmp_path: Path) -> None:
    assert report("--title", "A file", "--output-dir", "evidence") == ["evidence/incident-report.md"]
    text = (tmp_path / "evidence" / "incident-report.md").read_text(encoding="utf-8")
    assert text.startswith("# A file\n\n- **Asked**: ")
    assert text.endswith("```\n")


@pytest.mark.usefixtures("shop")
def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    said = refused("sandbox", "report", "--output-dir", "taken")
    assert said == "--output-dir: taken: File exists; name a folder that can be written"


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--severity", "SEV9"], "has no 'SEV9'; did you mean SEV"),
        (
            ["--since", "15m", "--start-time", "2026-01-15"],
            "--since and --start-time cannot be combined; give one of them",
        ),
        (["--start-time", "noon"], "--start-time: 'noon' is not a time; write 2026-11-21T14:30:00Z"),
        (["--start-time", "9999-01-01"], "--start-time: 9999-01-01 00:00:00 UTC is in the future; it is "),
        (["--start-time", "2026-01-15", "--end-time", "2026-01-14"], "is before it began, 2026-01-15 00:00:00 UTC"),
    ],
)
def test_times_and_levels_that_cannot_be_meant_are_refused(words: list[str], told: str) -> None:
    assert told in refused("sandbox", "report", *words)
