"""Bad days of a drill on a team's own project: one clear line, the right exit status, nothing lost, nothing left."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from drills.errors import ExitCode
from tests.cli.typed import one_line
from tests.sandbox.declared.test_drill import FILES, ROOT, drills, standing
from tests.sandbox.door import Door

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

BROKEN = "playbook: [\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace whose project is up."""
    folder = tmp_path_factory.mktemp("bad-days")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    folder.chmod(0o755)
    compose(folder, "up", "--detach")
    yield folder
    compose(folder, "down", "--volumes", "--timeout", "0")


@pytest.fixture
def folder(project: Path) -> Iterator[Path]:
    """The same, and the very same containers run afterwards, with nothing owed."""
    before = standing(project)
    yield project
    assert drills(project, "undo", "list").stdout == "nothing is owed\n"
    assert standing(project) == before


def compose(folder: Path, *words: str) -> None:
    done = subprocess.run(["docker", "compose", *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@contextmanager
def drilling(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A drill that nobody answers, from the moment that its fault is in place; its log."""
    log = folder / "drill.log"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DRILLS_", "COMPOSE_"))}
    with log.open("wb") as file:
        runner = subprocess.Popen(
            [sys.executable, "-m", "drills", "run", "db-gone", "--responder", "none"],
            cwd=folder,
            env={**kept, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    try:
        deadline = time.monotonic() + 120
        while "in place" not in log.read_text():
            assert time.monotonic() < deadline, log.read_text()
            assert runner.poll() is None, log.read_text()
            time.sleep(0.1)
        yield runner, log
    finally:
        runner.kill()
        runner.wait()
        assert "Traceback" not in log.read_text()


@contextmanager
def moved(path: Path) -> Iterator[None]:
    aside = path.with_suffix(".aside")
    path.rename(aside)
    try:
        yield
    finally:
        aside.rename(path)


def test_an_engine_that_goes_in_the_middle_leaves_what_is_owed_for_later(folder: Path, door: Door) -> None:
    with drilling(folder) as (runner, _), door.opened_at_the_end():
        door.shut()
        stopped = drills(folder, "stop")
        runner.wait(60)
        again = drills(folder, "recover")
    for done in (stopped, again):
        assert done.returncode == ExitCode.UNDO_OWED, done.stdout + done.stderr
        owed = [line for line in done.stdout.splitlines() if line.startswith("undo still owed: #")]
        assert len(owed) == 2
        assert all(
            re.search(r": the Docker engine at \S+ does not answer: [A-Z][a-z ]+; start it,", line) for line in owed
        )
        assert done.stderr == ""
    recovered = drills(folder, "recover")
    assert recovered.returncode == ExitCode.ALL_MET, recovered.stdout


def test_stop_ends_a_drill_whose_drills_yaml_was_broken_meanwhile(folder: Path) -> None:
    with drilling(folder) as (runner, log):
        with moved(folder / "drills.yaml"):
            (folder / "drills.yaml").write_text(BROKEN, encoding="utf-8")
            done = drills(folder, "stop")
        assert runner.wait(60) == ExitCode.ABORTED, log.read_text()
    assert done.returncode == ExitCode.BAD_INPUT
    assert done.stdout.splitlines()[-1] == "drill db-gone ended"
    assert done.stderr.startswith("owed undos were not checked: correct drills.yaml, then run `drills stop` again")
    assert done.stderr.splitlines()[-1].startswith("drills.yaml:1: is not YAML")


def test_stop_ends_a_drill_whose_compose_file_is_gone(folder: Path) -> None:
    with drilling(folder) as (runner, log), moved(folder / "compose.yaml"):
        done = drills(folder, "stop")
        assert runner.wait(60) == ExitCode.ABORTED, log.read_text()
    assert done.returncode == ExitCode.ALL_MET, done.stderr
    assert done.stdout.endswith(" ended\n")


@pytest.mark.parametrize("instead", [None, "services: [\n", "services: {other: {image: 'redis:7'}}\n"])
def test_what_a_killed_runner_owes_is_undone_without_the_compose_file_or_with_a_broken_one(
    folder: Path, instead: str | None
) -> None:
    with drilling(folder) as (runner, _), moved(folder / "compose.yaml"):
        runner.kill()
        runner.wait()
        if instead is not None:
            (folder / "compose.yaml").write_text(instead, encoding="utf-8")
        done = drills(folder, "recover")
        assert done.returncode == ExitCode.ALL_MET, done.stdout + done.stderr
        assert done.stdout.count(" settled: ") == 2
        assert [state for _, state in standing(folder)] == ["running", "running"]


def test_what_cannot_be_undone_without_the_compose_file_is_named_with_how_to_give_it_up(folder: Path) -> None:
    with drilling(folder) as (runner, _), moved(folder / "compose.yaml"), moved(folder / ".drills/sandbox"):
        runner.kill()
        runner.wait()
        done = drills(folder, "recover")
        assert done.returncode == ExitCode.UNDO_OWED, done.stdout + done.stderr
        *owed, how = done.stdout.splitlines()
        assert len(owed) == 2
        assert all(re.match(r"undo still owed: #\d+ .*: there is no compose file compose.yaml", line) for line in owed)
        assert how.endswith("or `drills undo give-up NUMBER --because …`")
    recovered = drills(folder, "recover")
    assert recovered.returncode == ExitCode.ALL_MET, recovered.stdout


def test_stop_undoes_while_the_store_is_locked(folder: Path) -> None:
    with drilling(folder) as (runner, _), closing(sqlite3.connect(folder / ".drills" / "drills.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        done = drills(folder, "stop")
        assert done.returncode == ExitCode.UNDO_OWED, done.stdout + done.stderr
        assert "another program has kept the store locked" in done.stdout
        assert [state for _, state in standing(folder)] == ["running", "running"], "it is undone all the same"
        other.execute("ROLLBACK")
        runner.wait(120)
    recovered = drills(folder, "recover")
    assert recovered.returncode == ExitCode.ALL_MET, recovered.stdout


def test_two_recoveries_at_once_undo_once(folder: Path) -> None:
    with drilling(folder) as (runner, _):
        runner.kill()
    words = [sys.executable, "-m", "drills", "recover"]
    both = [
        subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    told = [process.communicate(timeout=120) for process in both]
    assert "".join(output for output, _ in told).count(" settled: kill db") == 1
    for process, (output, errors) in zip(both, told, strict=True):
        if process.returncode != ExitCode.ALL_MET:
            assert process.returncode == ExitCode.NOT_VALID, output + errors
            assert re.match("sandbox default is held by (drills recover|another runner)", errors)
            assert len(errors.splitlines()) == 1


def test_another_workspace_changes_nothing_of_a_project_that_is_drilled(folder: Path, tmp_path: Path) -> None:
    for name in ("probes", "scenarios"):
        shutil.copytree(folder / name, tmp_path / name)
    config = FILES["drills.yaml"].replace("file: compose.yaml", f"file: {folder / 'compose.yaml'}")
    (tmp_path / "drills.yaml").write_text(config, encoding="utf-8")
    with drilling(folder) as (runner, log):
        for words in (["run", "db-gone"], ["sandbox", "restart", "db"], ["sandbox", "down"], ["recover"], ["stop"]):
            refused = drills(tmp_path, *words)
            assert f"{folder / 'compose.yaml'} is drilled from another workspace: process" in one_line(refused), words
            assert refused.returncode == ExitCode.NOT_VALID
        assert drills(tmp_path, "sandbox", "status").returncode == ExitCode.ALL_MET
        assert drills(folder, "sandbox", "restart", "db").returncode == ExitCode.ALL_MET, (
            "the drill's own responder may"
        )
        assert drills(folder, "stop").returncode == ExitCode.ALL_MET
        assert runner.wait(60) in (ExitCode.ABORTED, ExitCode.ALL_MET, ExitCode.LIMIT_MISSED), log.read_text()


def test_a_project_that_its_owner_takes_down_in_the_middle_is_up_again_at_the_end(project: Path) -> None:
    before = [name for name, _ in named(project)]
    with drilling(project) as (runner, log):
        compose(project, "down", "--timeout", "0")
        stopped = drills(project, "stop")
        assert stopped.returncode == ExitCode.ALL_MET, stopped.stdout + stopped.stderr
        assert runner.wait(60) in (ExitCode.ABORTED, ExitCode.NOT_VALID), log.read_text()
    assert named(project) == [(name, "running") for name in before]
    assert drills(project, "undo", "list").stdout == "nothing is owed\n"


def named(folder: Path) -> list[tuple[str, str]]:
    label = f"label=com.docker.compose.project.working_dir={folder}"
    words = ["docker", "ps", "--all", "--filter", label, "--format", "{{.Names}} {{.State}}"]
    listed = subprocess.run(words, capture_output=True, text=True, check=True)
    return sorted((line.split()[0], line.split()[1]) for line in listed.stdout.splitlines())
