"""`drills sandbox logs`: which services are asked, for what, and where the answer goes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from drills.app.access import TERMINAL
from drills.app.context import Context
from drills.cli.application import app
from drills.workspace.workspace import Workspace
from tests.faults.paper_sandbox import PaperSandbox


class Talkative(PaperSandbox):
    """Each service has one line, which tells what it was asked for."""

    def logs(self, service: str, *, since: timedelta | None = None, grep: str | None = None) -> Sequence[str]:
        return [f"{service}: {grep} since {since}"]


@pytest.fixture(autouse=True)
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = (Context(Workspace.load(tmp_path), TERMINAL), Talkative())
    monkeypatch.setattr("drills.cli.sandbox.asking.open_sandbox", lambda _, **_options: opened)


def logs(*words: str) -> list[str]:
    done = CliRunner().invoke(app, ["sandbox", "logs", *words])
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines()


def test_the_logs_of_a_service_that_is_named_by_option_are_kept_as_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    told = logs("--since", "15m", "--service", "app", "--grep", "ERROR", "--output-dir", str(folder))
    assert told == [f"{folder / 'app.log'}  1 line"]
    assert (folder / "app.log").read_text(encoding="utf-8") == "app: ERROR since 0:15:00\n"


def test_arguments_and_options_name_services_alike_and_each_is_asked_once() -> None:
    told = logs("app", "--service", "database", "--service", "app")
    assert [line.split()[0] for line in told] == ["app", "database"]


def test_without_a_name_every_service_is_asked() -> None:
    assert {line.split()[0] for line in logs()} >= {"app", "database", "cache", "edge"}
