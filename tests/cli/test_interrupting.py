"""A drill whose terminal is closed, or whose reader has gone: it is mended, and nobody cuts that short."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from drills.cli.live import echo_patiently, make_console
from drills.errors import ExitCode

#: It stands for a drill: shown on a terminal, cancelled, and mended with as much to say.
_DRILL = """
import asyncio, fcntl, sys, termios
from pathlib import Path
from drills.cli.interrupting import Interruption
from drills.cli.live import echo_patiently, make_console
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
console, interruption = make_console(), Interruption()
async def drill():
    interruption.listen()
    console.print("begun")
    try:
        await asyncio.sleep(60)
    finally:
        console.print("undo settled")
        console.print("aborted")
        Path(sys.argv[1]).write_text("mended")
try:
    asyncio.run(drill())
except asyncio.CancelledError:
    sys.exit(interruption.exit_code)
"""

_UNDER_NOHUP = """
import asyncio, os, signal
from drills.cli.interrupting import Interruption
async def drill():
    Interruption().listen()
    os.kill(os.getpid(), signal.SIGHUP)
    await asyncio.sleep(0.01)
    print("goes on")
asyncio.run(drill())
"""


def test_a_drill_whose_terminal_is_closed_is_mended(tmp_path: Path) -> None:
    mended = tmp_path / "mended"
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _DRILL, str(mended)], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    try:
        os.close(theirs)
        assert b"begun" in os.read(ours, 100)
        os.close(ours)
        assert process.wait(30) == ExitCode.ABORTED
    finally:
        process.kill()
        process.wait()
    assert mended.read_text() == "mended"


def test_under_nohup_a_drill_goes_on_without_its_terminal() -> None:
    def ignore() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    done = subprocess.run(
        [sys.executable, "-c", _UNDER_NOHUP], preexec_fn=ignore, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "goes on\n", "")


@pytest.fixture(params=["a pipe without a reader", "a full disk"])
def nobody(request: pytest.FixtureRequest) -> Iterator[IO[str]]:
    """A stream that takes nothing."""
    if request.param == "a full disk":
        number = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, number = os.pipe()
        os.close(reader)
    with os.fdopen(number, "w", encoding="utf-8") as stream:
        yield stream


def test_a_drill_goes_on_when_nobody_can_read_it_any_more(nobody: IO[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", nobody)
    console = make_console()
    console.print("a line")
    console.print("another")
    assert console.quiet
    nobody.flush()


def test_a_scorecard_that_nobody_reads_is_no_error(nobody: IO[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", nobody)
    echo_patiently("{}")
    nobody.flush()
