import errno
import json
import os
from pathlib import Path

import pytest

from drills.errors import EnvironmentFailed
from drills.model.timeline import Timeline
from drills.reporting.report import write_report
from tests.reporting import example


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_three_formats_are_written_and_the_page_is_returned(tmp_path: Path) -> None:
    page = write_report(tmp_path / "reports" / "INC-1", example.timeline(), example.scorecard())
    assert page == tmp_path / "reports" / "INC-1" / "index.html"
    assert sorted(written(page.parent)) == ["index.html", "report.json", "report.md"]


def test_the_same_events_give_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write_report(tmp_path / folder, example.timeline(), example.scorecard())
    assert written(tmp_path / "one") == written(tmp_path / "two")


@pytest.mark.parametrize(
    ("number", "says"),
    [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "the file system is read-only"), (errno.EACCES, "not writable")],
)
def test_a_disk_that_refuses_is_one_line_and_leaves_the_old_report_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, says: str
) -> None:
    write_report(tmp_path, *example.invalid())
    before = written(tmp_path)

    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(EnvironmentFailed, match=says) as caught:
        write_report(tmp_path, example.timeline(), example.scorecard())
    assert "\n" not in str(caught.value)
    assert "drills report INC-20261121-003" in str(caught.value)
    assert written(tmp_path) == before


def test_a_file_in_the_way_of_the_folder_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file")
    with pytest.raises(EnvironmentFailed, match="a file is in the way of the folder"):
        write_report(tmp_path / "reports" / "INC-1", example.timeline(), example.scorecard())


def test_it_says_by_which_probes_impact_was_measured_where_there_was_no_locust_file(tmp_path: Path) -> None:
    timeline = example.timeline()
    start = timeline.start
    traffic = start.scenario.traffic.model_copy(update={"journeys": ("home", "order")})
    probed = start.model_copy(update={"scenario": start.scenario.model_copy(update={"traffic": traffic})})
    write_report(tmp_path, Timeline([probed, *list(timeline)[1:]]), example.scorecard())
    for name in ("index.html", "report.md"):
        text = " ".join((tmp_path / name).read_text(encoding="utf-8").split())
        assert "Measured by the probes that the drill's users repeated (home, order); there was no Locust file." in text
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["measured_by"] == ["home", "order"]
