"""Commands during a drill, executed by the command server of its runner: what they print and return is the same."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from drills.cli.command_client import SOCKET, connect
from drills.cli.command_server import command_server
from drills.processes.leftovers import until
from tests.cli.typed import ROOT, drills_here

PROBES = """
- name: nobody
  tcp: {address: "127.0.0.1:1"}
  every: 100ms
  timeout: 100ms
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One with a longer path than the address of a socket may have."""
    folder = tmp_path_factory.mktemp("served") / ("long-" * 25)
    (folder / "probes").mkdir(parents=True)
    (folder / "drills.yaml").write_text("playbook: fastapi\n", encoding="utf-8")
    (folder / "probes" / "all.yaml").write_text(PROBES, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def served(workspace: Path) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        with command_server(workspace, workspace / ".drills"):
            assert until(lambda: answers(workspace), seconds=60)
            yield workspace


def answers(workspace: Path) -> bool:
    """Whether a server takes connections there."""
    try:
        connect(str(workspace / ".drills")).close()
    except OSError:
        return False
    return True


def command(*words: str, folder: Path, options: tuple[str, ...] = (), **environment: str) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DRILLS_")}
    return subprocess.Popen(
        [sys.executable, *options, "-m", "drills", *words],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outcome(*words: str, folder: Path, **environment: str) -> tuple[int, str, str]:
    running = command(*words, folder=folder, **environment)
    output, errors = running.communicate(timeout=60)
    return running.returncode, output, errors


def imported(*words: str, folder: Path, **environment: str) -> set[str]:
    """What the process of the command has loaded itself."""
    running = command(*words, folder=folder, options=("-X", "importtime"), **environment)
    lines = running.communicate(timeout=60)[1].splitlines()
    return {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}


@pytest.mark.parametrize(
    "words",
    [
        ("history",),
        ("respond", "ack"),
        ("respond", "--help"),
        ("respond", "cause"),
        ("sandbox", "status"),
        ("sandbox", "helth"),
        ("sandbox", "set", "\udcff=ü"),
        ("history", "--last", "0"),
        ("history", "--workspace", "no/such"),
    ],
)
def test_a_command_that_is_served_ends_as_one_that_is_not(words: tuple[str, ...], served: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / served.name
    shutil.copytree(served, elsewhere, ignore=shutil.ignore_patterns(".drills"))
    alone = drills_here(*words, folder=elsewhere)
    assert outcome(*words, folder=served) == (alone.returncode, alone.stdout, alone.stderr)


def test_a_served_command_loads_nothing_of_drills_in_its_own_process(served: Path) -> None:
    loaded = imported("respond", "status", folder=served)
    assert {name for name in loaded if name.startswith("drills.")} == {
        "drills.cli",
        "drills.cli.main",
        "drills.cli.command_client",
    }
    assert not loaded & {"typer", "pathlib", "yaml", "asyncio"}


def test_the_terminals_encoding_is_that_of_the_client(served: Path) -> None:
    status, output, errors = outcome("respond", "--help", folder=served, PYTHONIOENCODING="ascii")
    assert (status, errors) == (0, "")
    assert output.isascii()


def test_the_workspace_of_the_environment_is_served_from_anywhere(served: Path, tmp_path: Path) -> None:
    assert "typer" not in imported("history", folder=tmp_path, DRILLS_WORKSPACE=str(served))


@pytest.mark.parametrize("words", [("list",), ("validate",), ("show", "x")])
def test_what_is_no_answer_to_an_incident_runs_in_its_own_process(words: tuple[str, ...], served: Path) -> None:
    assert "typer" in imported(*words, folder=served)


def test_another_installation_runs_in_its_own_process(served: Path) -> None:
    path = f"{ROOT}{os.pathsep}{served}"
    assert "typer" in imported("history", folder=served, PYTHONPATH=path)
    assert outcome("history", folder=served, PYTHONPATH=path)[0] == 0


def test_ctrl_c_ends_the_command_and_says_so_by_its_status(served: Path) -> None:
    running = command("probe", "--watch", folder=served)
    assert running.stdout is not None
    assert "nobody" in running.stdout.readline()
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=30) == 130


def test_a_command_ends_with_its_client(served: Path) -> None:
    running = command("probe", "--watch", folder=served)
    assert running.stdout is not None
    assert "nobody" in running.stdout.readline()
    running.kill()
    # The pipe ends when nobody has its other end any more: neither the client nor the process that served it.
    running.communicate(timeout=30)


def test_only_the_owner_may_ask(served: Path) -> None:
    assert (served / ".drills").stat().st_mode & 0o077 == 0
    assert (served / ".drills" / SOCKET).stat().st_mode & 0o077 == 0


RUNNER = """
import sys
from pathlib import Path
from drills.cli.command_server import command_server
with command_server(Path.cwd(), Path.cwd() / ".drills"):
    sys.stdin.read()
"""


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", RUNNER], cwd=tmp_path, env=environment, stdin=subprocess.PIPE
    ) as running:
        assert until(lambda: answers(tmp_path), seconds=60)
        yield running


def servers_of(folder: Path) -> list[psutil.Process]:
    found = psutil.process_iter(["cmdline"])
    return [process for process in found if str(folder / ".drills") in (process.info["cmdline"] or ())]


def test_a_server_descends_from_no_runner_and_ends_with_one_that_is_killed(
    runner: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    (server,) = servers_of(tmp_path)
    assert runner.pid not in [process.pid for process in server.parents()]
    runner.kill()
    assert until(lambda: not servers_of(tmp_path), seconds=30)
    assert not (tmp_path / ".drills" / SOCKET).exists()


def test_the_socket_of_a_server_that_was_killed_is_no_hindrance(
    runner: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    (server,) = servers_of(tmp_path)
    server.kill()
    assert until(lambda: not answers(tmp_path), seconds=30)
    assert (tmp_path / ".drills" / SOCKET).exists()
    assert outcome("history", folder=tmp_path)[0] == 0


def test_no_server_is_left_when_the_drill_has_ended(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        with command_server(tmp_path, tmp_path / ".drills"):
            assert until(lambda: answers(tmp_path), seconds=60)
        assert until(lambda: not answers(tmp_path), seconds=30)
        assert not (tmp_path / ".drills" / SOCKET).exists()
