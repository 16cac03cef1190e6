"""A system of another distribution: chosen in drills.yaml, opened, and with commands of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from drills.errors import BadInput
from drills.kinds import Kinds
from drills.sandbox import systems
from drills.sandbox.system import System
from drills.workspace.sandbox import open_sandbox
from drills.workspace.validate import validate
from drills.workspace.workspace import Workspace
from tests.cli.sandbox.typing_in import printed, refused
from tests.extending.installing import install

MODULE = """
from drills.sandbox.system import Answer, CommandGroup, Option, System, SystemCommand
from tests.faults.paper_sandbox import PaperSandbox

def waiting(sandbox, given):
    assert sandbox.is_up()
    return Answer([f"{given['of'] or 'all'}: 3 wait"], well=given["most"] is None or given["most"] >= 3)

class Queues(System):
    commands = (
        CommandGroup("queues", "What waits.", (
            SystemCommand("waiting", "How many wait.", "drills sandbox queues waiting", waiting,
                          (Option("of", "A queue."), Option("most", "How many may.", int))),
        )),
    )

    def open(self, opening):
        sandbox = PaperSandbox()
        sandbox.location = opening.location
        return sandbox
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    install(tmp_path / "site", "queues", {"drills.systems": {"queues": "queues_of_ours:Queues"}}, {})
    (tmp_path / "site" / "queues_of_ours.py").write_text(MODULE)
    known = systems.SYSTEMS
    monkeypatch.setattr(systems, "SYSTEMS", Kinds[System](known.group, known._what, known._included, known._wrong))
    (tmp_path / "drills.yaml").write_text("playbook: fastapi\nsandbox: {system: queues}\n")
    return tmp_path


def test_it_is_opened_with_what_the_workspace_says(home: Path) -> None:
    opened = open_sandbox(Workspace.load(home))
    assert opened.driver == "paper"
    assert opened.location.home == home  # type: ignore[attr-defined]


def test_its_commands_are_commands_of_the_sandbox(home: Path) -> None:
    ask = ("sandbox", "queues", "waiting", "--workspace", str(home))
    assert printed(*ask) == ["all: 3 wait"]
    assert printed(*ask, "--of", "mails", "--most", "2", status=1) == ["mails: 3 wait"]


def test_help_lists_them_among_the_others(home: Path) -> None:
    listed = [line.split()[0] for line in printed("sandbox", "--help") if line.startswith("  ")]
    assert {"status", "provider", "queues"} <= {*listed}


def test_commands_of_another_system_are_refused(home: Path) -> None:
    said = refused("sandbox", "provider", "status", "--workspace", str(home))
    assert said == "drills sandbox provider: only the system included has it, and this sandbox is the system queues"


def test_a_system_that_there_is_not_is_told_with_those_that_there_are(home: Path) -> None:
    (home / "drills.yaml").write_text("playbook: fastapi\nsandbox: {system: queue}\n")
    with pytest.raises(
        BadInput, match=r"drills\.yaml: sandbox\.system: there is no system 'queue'; did you mean queues"
    ):
        open_sandbox(Workspace.load(home))
    (problem,) = [each for each in validate(home) if each.field == "sandbox.system"]
    assert str(problem).startswith("drills.yaml:2: sandbox.system: there is no system 'queue'; ")
