"""Nothing that a step starts outlives it, whatever it does to hide; what it exports is told."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from drills.responders.step_process import Ended, run_step

SLEEPER = "import time; time.sleep(300)"


@pytest.fixture
def mark() -> Iterator[str]:
    """A word for command lines; whoever carries it after the test is ended."""
    word = f"drills-test-{os.getpid()}-{os.urandom(4).hex()}"
    yield word
    for process in marked(word):
        process.kill()


def marked(word: str) -> list[psutil.Process]:
    """Living processes whose command line ends with that word."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.cmdline()[-1:] == [word]:
                found.append(process)
        except psutil.Error:
            continue
    return found


def ran(command: str, folder: Path, *, language: str = "sh", limit: float = 60.0, **more: str) -> Ended:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **more}
    return asyncio.run(run_step(language, command, folder, environment, limit))


@pytest.mark.parametrize(
    "leave",
    [
        "{sleeper} &",
        "({sleeper} &)",
        "setsid env -i {sleeper} &",
        "env -i setsid sh -c 'setsid {quoted} & exit 0'",
        "nohup {sleeper} >/dev/null 2>&1 &",
        "(trap '' TERM HUP; exec {sleeper}) &",
    ],
)
@pytest.mark.parametrize("then", ["kill", "stop"])
def test_nothing_outlives_a_step(tmp_path: Path, mark: str, leave: str, then: str) -> None:
    sleeper = f"{sys.executable} -c '{SLEEPER}' {mark}"
    quoted = f'{sys.executable} -c "{SLEEPER}" {mark}'
    command = leave.format(sleeper=sleeper, quoted=quoted)
    waits = f"{command}\nuntil pgrep -f '{mark}$' >/dev/null; do sleep 0.02; done"
    ended = ran(f"{waits}\n[ {then} = kill ] || kill -STOP $(pgrep -f '{mark}$'); echo left", tmp_path)
    assert (ended.status, ended.output) == (0, "left\n")
    assert marked(mark) == []


def test_nothing_outlives_a_runner_that_is_killed(tmp_path: Path, mark: str) -> None:
    sleeper = f'setsid env -i {sys.executable} -c "{SLEEPER}" {mark}'
    program = (
        "import asyncio, os, pathlib\n"
        "from drills.responders.step_process import run_step\n"
        f"asyncio.run(run_step('sh', '''({sleeper} &); touch began; sleep 300''', pathlib.Path({str(tmp_path)!r}),"
        " dict(os.environ), 300))\n"
    )
    with subprocess.Popen([sys.executable, "-c", program]) as runner:
        while not (tmp_path / "began").exists() or not marked(mark):
            assert runner.poll() is None
        supervisors = psutil.Process(runner.pid).children()
        runner.send_signal(signal.SIGKILL)
    psutil.wait_procs(supervisors, timeout=60)
    assert marked(mark) == []


def test_a_service_of_the_sandbox_that_a_step_has_started_lives_on(tmp_path: Path, mark: str) -> None:
    service = f"DRILLS_SANDBOX=here setsid {sys.executable} -c '{SLEEPER}' {mark} >/dev/null 2>&1 &"
    ended = ran(f"{service}\nuntil pgrep -f '{mark}$' >/dev/null; do sleep 0.02; done", tmp_path)
    assert ended.status == 0
    assert len(marked(mark)) == 1


def test_a_step_that_signals_its_whole_group_is_told_by_its_signal(tmp_path: Path) -> None:
    assert ran("kill 0; sleep 300", tmp_path).status == 128 + signal.SIGTERM


def test_a_step_finds_nothing_on_its_input(tmp_path: Path) -> None:
    assert ran("cat; echo end", tmp_path).output == "end\n"


@pytest.mark.parametrize("language", ["sh", "bash"])
@pytest.mark.parametrize(
    ("command", "exported"),
    [
        ("export ORDER=42", {"ORDER": "42"}),
        ("export ORDER='two\nlines and \"quotes\"'", {"ORDER": 'two\nlines and "quotes"'}),
        ("export EMPTY=", {"EMPTY": ""}),
        ("unset GIVEN", {"GIVEN": None}),
        ("GIVEN=changed", {"GIVEN": "changed"}),
        ("export GIVEN=here", {}),
        ("local_only=1; cd /; export DRILLS_DRILL=another", {}),
        ("(export INNER=1)", {}),
        ("export ORDER=1; export PATH=/nowhere", {"ORDER": "1", "PATH": "/nowhere"}),
    ],
)
def test_what_a_step_exports_is_told(
    tmp_path: Path, language: str, command: str, exported: dict[str, str | None]
) -> None:
    ended = ran(command, tmp_path, language=language, GIVEN="here", DRILLS_DRILL="this")
    assert (ended.status, ended.output, dict(ended.exported)) == (0, "", exported)


def test_what_was_exported_before_the_failure_is_told_too_and_lines_are_those_of_the_runbook(tmp_path: Path) -> None:
    ended = ran("export ORDER=1\nnot-a-command", tmp_path, language="bash")
    assert ended.exported == {"ORDER": "1"}
    assert ended.status == 127
    assert "line 2: not-a-command" in ended.output


def test_a_shell_that_is_not_there_is_named(tmp_path: Path) -> None:
    ended = asyncio.run(run_step("bash", "true", tmp_path, {"PATH": str(tmp_path)}, 5.0))
    assert ended.why == "bash cannot be started: it is not on PATH"


def test_more_environment_than_a_process_can_have_is_named(tmp_path: Path) -> None:
    assert ran("true", tmp_path, HUGE="x" * 3_000_000).why == "sh cannot be started: Argument list too long"
