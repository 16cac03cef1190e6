"""Bad input and bad days at the command line: one clear line, the right exit status, nothing lost."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len

from drills.errors import ExitCode
from drills.model.events import NoteTaken
from drills.model.scorecard import Verdict
from drills.model.timeline import Timeline
from drills.scoring.score import score
from drills.store.holder import hold
from drills.store.store import Store
from drills.store.switch import KillSwitch
from tests.cli.typed import drills, drills_here, one_line
from tests.scoring.timelines import by_a_person, drill, rolled_back
from tests.store.drill_data import StoppedClock


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """One with a scenario of its own."""
    (tmp_path / "drills.yaml").write_text("playbook: fastapi\n", encoding="utf-8")
    (tmp_path / "probes").mkdir()
    (tmp_path / "probes" / "own.yaml").write_text('- name: home\n  http: {url: "${app}/"}\n', encoding="utf-8")
    folder = tmp_path / "scenarios" / "own"
    folder.mkdir(parents=True)
    (folder / "scenario.yaml").write_text(
        "title: A drill\nstory: Something is wrong.\nsteady: {probes: [home]}\ntimeline: []\n", encoding="utf-8"
    )
    (folder / "runbook.md").write_text('## Triage\n```sh {"name":"check"}\ntrue\n```\n', encoding="utf-8")
    return tmp_path


# ---- files that cannot be used ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "text", "words", "told"),
    [
        ("drills.yaml", "playbook: [", ["run", "own"], "drills.yaml:"),
        ("drills.yaml", "playbook: fastapi\nsandbx: {}\n", ["run", "own"], "drills.yaml:2: sandbx: "),
        ("scenarios/own/scenario.yaml", "title: x\n  story: y\n", ["run", "own"], "scenarios/own/scenario.yaml:2"),
        ("scenarios/own/scenario.yaml", "title: x\n  story: y\n", ["list"], "scenarios/own/scenario.yaml:2"),
        ("scenarios/own/scenario.yaml", "title: \x00", ["show", "own"], "scenarios/own/scenario.yaml"),
        ("probes/own.yaml", "- name: home\n  htpt: {}\n", ["run", "own"], "probes/own.yaml:"),
        ("scenarios/own/runbook.md", '```sh {"name":x}\n```\n', ["run", "own"], "scenarios/own/runbook.md:1: "),
    ],
)
def test_a_broken_file_is_told_with_its_line_and_nothing_is_started(
    workspace: Path, file: str, text: str, words: list[str], told: str
) -> None:
    (workspace / file).write_text(text, encoding="utf-8")
    done = drills_here(*words, folder=workspace)
    assert "Traceback" not in done.stderr
    assert told in done.stderr
    assert done.returncode == ExitCode.BAD_INPUT
    assert not (workspace / ".drills" / "sandbox").exists()


@pytest.mark.parametrize("file", ["drills.yaml", "scenarios/own/scenario.yaml", "scenarios/own/runbook.md"])
def test_a_file_that_is_no_text_is_told_in_one_line(workspace: Path, file: str) -> None:
    (workspace / file).write_bytes(b"title: caf\xe9\n")
    done = drills_here("run", "own", folder=workspace)
    assert file in one_line(done)
    assert done.returncode == ExitCode.BAD_INPUT


def test_a_scenario_that_names_a_probe_or_a_fault_wrongly_is_told_the_nearest(workspace: Path) -> None:
    file = workspace / "scenarios" / "own" / "scenario.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("[home]", "[hoem]"), encoding="utf-8")
    assert one_line(drills_here("run", "own", folder=workspace)).endswith(
        "there is no probe 'hoem'; did you mean home?"
    )
    file.write_text(text.replace("[]", "[{at: 1s, fault: {kind: kil-service}}]"), encoding="utf-8")
    assert (
        "'kil-service' is not a kind of fault; did you mean kill-service?\n"
        in drills_here("run", "own", folder=workspace).stderr
    )


def test_a_missing_locustfile_is_told_before_anything_is_started(workspace: Path) -> None:
    file = workspace / "scenarios" / "own" / "scenario.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "traffic: {locustfile: mine.py}\n", encoding="utf-8")
    done = drills_here("run", "own", folder=workspace)
    assert "scenarios/own/scenario.yaml:5: traffic.locustfile: there is no file 'mine.py'; " in one_line(done)
    assert done.returncode == ExitCode.BAD_INPUT


def test_a_practice_without_anything_to_draw_is_told(workspace: Path) -> None:
    done = drills_here("practice", "--random", folder=workspace)
    assert "there is no scenario to draw" in one_line(done)
    assert done.returncode == ExitCode.BAD_INPUT


# ---- a machine that refuses ------------------------------------------------------------------------------------------


def test_a_file_in_the_way_of_the_state_folder_is_told(workspace: Path) -> None:
    (workspace / ".drills").write_text("", encoding="utf-8")
    done = drills_here("run", "own", folder=workspace)
    assert ".drills" in one_line(done)
    assert done.returncode == ExitCode.NOT_VALID


@pytest.fixture
def read_only(workspace: Path) -> Iterator[Path]:
    """The workspace as it would be on a read-only disk; only root may mount one."""
    mounted = subprocess.run(
        ["mount", "--bind", "-o", "ro", str(workspace), str(workspace)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("this user or machine cannot mount anything")
    subprocess.run(["mount", "-o", "remount,bind,ro", str(workspace)], capture_output=True, check=False)
    try:
        if os.access(workspace, os.W_OK):
            pytest.skip("this machine mounts nothing read-only")
        yield workspace
    finally:
        subprocess.run(["umount", str(workspace)], capture_output=True, check=False)


@pytest.mark.parametrize("words", [["run", "own"], ["schema"], ["sandbox", "up"]])
def test_a_read_only_folder_is_told_in_one_line(read_only: Path, words: list[str]) -> None:
    done = drills(*words, folder=read_only)
    assert one_line(done)
    assert done.returncode in (ExitCode.BAD_INPUT, ExitCode.NOT_VALID)


def test_a_full_disk_is_told_in_one_line_and_loses_nothing_that_was_stored(workspace: Path) -> None:
    assert drills("history", folder=workspace).returncode == 0
    url = f"sqlite:///{workspace}/.drills/drills.db"
    store = Store.open(url)
    record = store.begin_drill(scenario="own", sandbox="default", responder=rolled_back().timeline().start.responder)
    store.append_many(record.drill_id, rolled_back().events)
    store.close()
    if subprocess.run(["which", "prlimit"], capture_output=True, check=False).returncode != 0:
        pytest.skip("prlimit is not there")
    done = drills("respond", "note", "x" * 100_000, folder=workspace, limit=60_000)
    assert "free some space" in one_line(done)
    assert done.returncode == ExitCode.NOT_VALID
    again = Store.open(url)
    assert len(again.events(record.drill_id)) == len(rolled_back().events)
    again.close()


def test_a_report_that_cannot_be_written_is_told_with_how_to_get_it_later(workspace: Path) -> None:
    store = Store.open(f"sqlite:///{workspace}/.drills/drills.db")
    record = store.begin_drill(scenario="own", sandbox="default", responder=rolled_back().timeline().start.responder)
    store.append_many(record.drill_id, rolled_back().events)
    store.finish(record.drill_id, score(store.timeline(record.drill_id)))
    store.close()
    (workspace / "reports").write_text("", encoding="utf-8")
    done = drills_here("report", record.drill_id, folder=workspace)
    assert "a file is in the way of the folder" in one_line(done)
    assert done.returncode == ExitCode.NOT_VALID


# ---- others ----------------------------------------------------------------------------------------------------------


def test_a_second_runner_on_the_same_sandbox_is_told_who_holds_it(workspace: Path) -> None:
    with hold(workspace / ".drills", "default", "drill slow-query"):
        for words in (["run", "own"], ["recover"]):
            done = drills(*words, folder=workspace)
            assert f"is held by drill slow-query (process {os.getpid()}, since" in one_line(done)
            assert done.returncode == ExitCode.NOT_VALID


def test_what_stop_does_not_end_is_said_and_not_advised(workspace: Path) -> None:
    with hold(workspace / ".drills", "default", "rehearsal of own"):
        stop, recover = (drills(word, folder=workspace) for word in ("stop", "recover"))
    held = f"sandbox default is held by rehearsal of own (process {os.getpid()}, since "
    assert one_line(stop).startswith(held)
    assert one_line(stop).endswith("; `drills stop` ends a running drill only: wait until it ends, then stop again")
    assert one_line(recover).endswith("wait until it ends (`drills stop` ends a drill)")
    assert stop.returncode == recover.returncode == ExitCode.NOT_VALID


def test_nothing_starts_while_the_kill_switch_is_on(workspace: Path) -> None:
    store = Store.open(f"sqlite:///{workspace}/.drills/drills.db")
    KillSwitch(store).stop("a real incident")
    store.close()
    done = drills_here("run", "own", folder=workspace)
    assert one_line(done).endswith("(a real incident); `drills resume` allows them again")
    assert done.returncode == ExitCode.ABORTED


# ---- clocks and terminals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [rolled_back(), by_a_person()], ids=["runbook", "person"])
def test_a_clock_that_is_set_back_in_the_middle_changes_no_duration_and_no_score(made: object) -> None:
    timeline: Timeline = made.timeline()  # type: ignore[attr-defined]
    start = timeline.start
    middle = timeline.ended / 2
    back = Timeline(
        event.model_copy(update={"at": event.at - timedelta(hours=3)}) if event.t > middle else event
        for event in timeline
    )
    before, after = score(timeline), score(back)
    assert (after.score, after.result, after.milestones) == (before.score, before.result, before.milestones)
    assert after.duration == before.duration
    assert [row.actual for row in after.rows] == [row.actual for row in before.rows]
    assert back.start == start


def test_a_runner_whose_wall_clock_is_set_back_stamps_its_events_in_order(tmp_path: Path) -> None:
    from drills.drill.recorder import Recorder

    clock = StoppedClock()
    store = Store.open(f"sqlite:///{tmp_path}/drills.db", clock=clock)
    record = store.begin_drill(scenario="own", sandbox="default", responder=rolled_back().timeline().start.responder)
    recorder = Recorder(store, record, clock, None)
    for number in range(3):
        asyncio.run(clock.sleep(1.5))
        clock.wall -= timedelta(hours=1)
        recorder.emit(NoteTaken(**recorder.now(), text=str(number)))
    assert recorder.close(None, ()) == ""
    stored = store.timeline(record.drill_id).all(NoteTaken)
    assert [event.text for event in stored] == ["0", "1", "2"]
    assert [event.t for event in stored] == [1.5, 3.0, 4.5]
    assert stored[2].at < stored[0].at
    store.close()


def test_sixty_columns_are_enough_for_the_outcome(tmp_path: Path) -> None:
    import io

    from rich.console import Console

    from drills.app.outcome import outcome_of
    from drills.cli.outcome import print_outcome
    from drills.drill.session import Session

    store = Store.open(f"sqlite:///{tmp_path}/drills.db")
    record = store.begin_drill(
        scenario="own", sandbox="default", responder=by_a_person().timeline().start.responder, blind=True
    )
    for made in (rolled_back(), by_a_person(), drill().baseline().well(5)):
        timeline = made.timeline()
        card = score(timeline)
        session = Session(record, timeline, card, tmp_path / "reports" / record.drill_id / "index.html", (), False)
        shown = [row for row in card.rows if row.verdict is not Verdict.NOT_REQUIRED and card.score is not None]
        narrow = io.StringIO()
        console = Console(file=narrow, width=60, force_terminal=True, color_system=None)
        print_outcome(console, outcome_of(session), tmp_path)
        assert max(cell_len(line) for line in narrow.getvalue().splitlines()) <= 60
        assert all(row.label in " ".join(narrow.getvalue().split()) for row in shown)
        assert card.score is None or card.headline.split()[-1] in narrow.getvalue()
    store.close()
