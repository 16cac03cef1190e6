"""The shell script below which commands in containers run, in every shell that is at hand, on this machine."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

import drills.sandbox.compose
from drills.processes.leftovers import end_marked, marked, until
from drills.processes.mark import MARK

SCRIPT = (Path(drills.sandbox.compose.__file__).parent / "in_container.sh").read_text(encoding="utf-8")
#: dash where `sh` is dash, bash as `sh`, and busybox's ash, which most small images have.
SHELLS = [["sh"], ["bash", "--posix"], ["busybox", "sh"]]


@pytest.fixture(params=[shell for shell in SHELLS if shutil.which(shell[0])], ids=lambda shell: shell[0])
def shell(request: pytest.FixtureRequest) -> list[str]:
    return list(request.param)


@pytest.fixture
def mark() -> Iterator[str]:
    own = secrets.token_hex(8)
    yield own
    end_marked(own)


def begun(shell: list[str], mark: str, mode: str, script: str, *words: str) -> subprocess.Popen[str]:
    program = subprocess.Popen(
        [*shell, "-c", SCRIPT, "sh", "end-of-it", mode, *words],
        env={"PATH": os.environ["PATH"], MARK: mark},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert program.stdin is not None
    program.stdin.write(f"{script}\nend-of-it\n")
    program.stdin.flush()
    return program


def ended(program: subprocess.Popen[str]) -> tuple[int, str]:
    """Its status and what it printed, while its input stays open."""
    assert program.stdout is not None
    status = program.wait(60)
    program.stdout.flush()
    return status, os.read(program.stdout.fileno(), 65536).decode() if status >= 0 else ""


def names(mark: str) -> list[str]:
    """What bears the mark, by the names of the programs, but for what ends meanwhile."""
    found = []
    for process in marked(mark):
        with suppress(psutil.NoSuchProcess):
            found.append(process.name())
    return found


def test_a_script_and_a_programs_words_come_through_unchanged(shell: list[str], mark: str) -> None:
    assert ended(begun(shell, mark, "end", "x='two  \\n'\nprintf '%s' \"$x\"; cat; exit 3")) == (3, "two  \\n")
    assert ended(begun(shell, mark, "end", "", "echo", "a  b", "$x")) == (0, "a  b $x\n")
    assert ended(begun(shell, mark, "end", "false\necho on; true"))[0] == 1
    assert ended(begun(shell, mark, "end", "kill -9 $$ || true; echo killed"))[0] in (-9, 137)


@pytest.mark.parametrize("leave", ["sleep 300 &", "(setsid sleep 300 &)", "(trap '' TERM; exec sleep 300) &"])
def test_what_a_command_leaves_behind_is_ended_with_it(shell: list[str], mark: str, leave: str) -> None:
    assert ended(begun(shell, mark, "end", f"{leave}\necho said")) == (0, "said\n")
    assert marked(mark) == []


def test_what_is_kept_goes_on_until_it_is_swept(shell: list[str], mark: str) -> None:
    assert ended(begun(shell, mark, "keep", "sleep 300 & echo said")) == (0, "said\n")
    # What was begun in the background may be the shell's own copy for a moment.
    assert until(lambda: names(mark) == ["sleep"], seconds=60)
    assert ended(begun(shell, secrets.token_hex(8), "sweep", ""))[0] == 0
    assert names(mark) == ["sleep"], "another mark"
    assert ended(begun(shell, mark, "sweep", ""))[0] == 0
    assert marked(mark) == []


def test_what_failed_is_not_kept(shell: list[str], mark: str) -> None:
    assert ended(begun(shell, mark, "keep", "sleep 300 & exit 5"))[0] == 5
    assert marked(mark) == []


@pytest.mark.parametrize("mode", ["end", "keep"])
def test_the_end_of_its_input_ends_all(shell: list[str], mark: str, mode: str) -> None:
    program = begun(shell, mark, mode, "(setsid sleep 300 &); sleep 300")
    assert until(lambda: names(mark).count("sleep") == 2, seconds=60)
    program.communicate(timeout=60)
    assert until(lambda: marked(mark) == [], seconds=60)
