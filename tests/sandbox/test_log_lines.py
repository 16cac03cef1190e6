from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from drills.errors import BadInput
from drills.sandbox.log_lines import read_log, time_of

MOMENT = datetime(2026, 11, 21, 8, 18, 34, 8000, tzinfo=UTC)


@pytest.mark.parametrize(
    "line",
    [
        '{"time":"2026-11-21T08:18:34.008+00:00","level":"info"}',
        '{"level":"info","version":"2.12","time":"2026-11-21T09:18:34.008+01:00","message":"x"}',
        "2026-11-21 08:18:34.008 UTC [15426] LOG:  starting PostgreSQL",
        "15433:M 21 Nov 2026 08:18:34.008 * Configuration loaded",
    ],
)
def test_every_services_time_is_understood(line: str) -> None:
    assert time_of(line) == MOMENT


def test_lines_without_a_time_go_with_the_line_before(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("2026-11-21 08:00:00.000 UTC old\n  old detail\n2026-11-21 09:00:00.000 UTC new\n  new detail\n")
    assert read_log(log, after=MOMENT, grep=None) == ["2026-11-21 09:00:00.000 UTC new", "  new detail"]
    assert read_log(log, after=None, grep="detail$") == ["  old detail", "  new detail"]


def test_a_service_that_never_wrote_has_no_lines(tmp_path: Path) -> None:
    assert read_log(tmp_path / "none.log", after=None, grep=None) == ()


def test_a_pattern_without_end_searches_all_the_same(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text(f"{'a' * 64}b\n{'a' * 64}\n")
    assert read_log(log, after=None, grep="(a+)+$") == ["a" * 64]
    with pytest.raises(BadInput, match=r"grep: '\(' not a regular expression"):
        read_log(log, after=None, grep="(")
