"""`releases`, `changes`, `stats`, `certificate`, `health`: what was changed when, what is used, what still holds."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.sandbox.shop_on_paper import ShopOnPaper
from tests.cli.sandbox.typing_in import printed


def test_releases_tell_when_each_was_deployed_and_mark_the_one_that_runs(shop: ShopOnPaper) -> None:
    current, former, never = printed("sandbox", "releases")
    assert re.match(rf"\* 1\.1\.0 +deployed {shop.deployed_at:%H:%M:%S} UTC, 3 m \d\d s ago +a new search", current)
    assert re.match(rf"  1\.0\.0 +deployed {shop.deployed_at:%H:%M:%S} UTC, 7 d 0 h ago +the first", former)
    assert re.match(r"  1\.2\.0 +deployed never +not yet", never)


def test_only_what_was_deployed_of_late_has_a_line_and_its_mark_is_its_first_letter(shop: ShopOnPaper) -> None:
    assert [line[0] for line in printed("sandbox", "releases", "--since", "15m")] == ["*"]
    assert printed("sandbox", "releases", "--since", "1m") == ["nothing was deployed in that time"]


def test_changes_are_told_with_their_time_and_their_age(shop: ShopOnPaper) -> None:
    (line,) = printed("sandbox", "changes", "--since", "15m")
    assert re.match(rf"{shop.deployed_at:%H:%M:%S} UTC, 3 m \d\d s ago +release 1\.1\.0 deployed", line)
    assert printed("sandbox", "changes", "--since", "1m") == ["nothing was changed in that time"]


@pytest.mark.usefixtures("shop")
def test_stats_show_what_is_used_beside_its_limit_where_there_is_one() -> None:
    header, _, app, database = (re.split(r"\s{2,}|\s*\|\s*", line.strip()) for line in printed("sandbox", "stats"))
    assert header == ["service", "replicas", "memory", "cpu", "disk", "restarts", "oom kills", "processes"]
    assert "300.0 MB of 1024.0 MB" in app
    assert "0.50 of 2 cores" in app
    assert {"90.0 MB", "0.25", "100.0 MB of 640.0 MB"} <= set(database)


@pytest.mark.parametrize(
    ("given", "size", "told"),
    [
        (("--memory", "1g"), ("app", 1024, None), "app: 1024 MB"),
        (("--cpus", "2"), ("app", None, 2.0), "app: 2 cores"),
        (("--memory", "512m", "--cpus", "0.5"), ("app", 512, 0.5), "app: 512 MB, 0.5 cores"),
    ],
)
def test_only_what_was_asked_for_gets_another_size_and_is_told(
    shop: ShopOnPaper, given: tuple[str, ...], size: tuple[str, int | None, float | None], told: str
) -> None:
    assert printed("sandbox", "resize", "app", *given) == [told]
    assert shop.sizes == [size]


def test_a_certificate_that_has_expired_says_so_and_a_new_one_does_not(shop: ShopOnPaper) -> None:
    shop.valid_for = timedelta(days=-3)
    *lines, last = printed("sandbox", "certificate", status=1)
    assert lines[0] == "names       shop.test"
    assert re.search(r"not after   \S+ \S+ UTC  EXPIRED 3 d 0 h ago", last)
    assert printed("sandbox", "renew-certificate", "--days", "30")[0].startswith("a new certificate is in use, valid")
    assert re.search(r"UTC  (30 d 0 h|29 d 23 h) left$", printed("sandbox", "certificate")[-1])


def test_what_health_says_is_kept_as_a_file_too(shop: ShopOnPaper, tmp_path: Path) -> None:
    shop.database_answers = False
    lines = printed("sandbox", "health", "--all", "--output-dir", str(tmp_path / "evidence"), status=1)
    assert lines[1].startswith("FAIL  database")
    assert (tmp_path / "evidence" / "health.txt").read_text(encoding="utf-8").splitlines() == lines


@pytest.mark.usefixtures("shop")
def test_something_that_reports_by_itself_is_heard() -> None:
    (line,) = printed("heartbeat", "nightly-backup")
    assert re.fullmatch(r"nightly-backup  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", line)
    assert Path("heartbeats/nightly-backup").is_file()
