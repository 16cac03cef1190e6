"""The service of one workspace."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drills.app.access import TERMINAL
from drills.app.context import Context
from drills.app.serving import conducting_command
from drills.errors import SandboxBusy
from drills.service.serve import serve
from drills.store.holder import hold
from drills.store.occurrence_log import DueDrill
from drills.workspace.workspace import Workspace


def test_a_second_service_of_one_workspace_is_refused_with_who_serves_it(tmp_path: Path) -> None:
    workspace = Workspace.load(tmp_path)
    said: list[str] = []
    with (
        hold(workspace.state_dir, "default.service", "drills serve"),
        pytest.raises(SandboxBusy, match=r"this workspace is already served by drills serve \(process \d+"),
    ):
        asyncio.run(serve(Context(workspace, TERMINAL), said.append))
    assert said == []


def test_a_due_drill_is_conducted_by_this_very_installation(tmp_path: Path) -> None:
    due = DueDrill("entry", datetime(2026, 11, 21, tzinfo=UTC), "slow-query", "runbook")
    command = conducting_command(tmp_path)(due).words
    assert command[:5] == (sys.executable, "-m", "drills", "run", "slow-query")
    assert command[-2:] == ("--workspace", str(tmp_path))


def test_a_due_drill_for_a_person_is_blind(tmp_path: Path) -> None:
    """Else `drills history`, a list of processes, and whoever finds the sandbox held would tell which drill it is."""
    due = DueDrill("entry", datetime(2026, 11, 21, tzinfo=UTC), "slow-query", "person")
    command = conducting_command(tmp_path)(due)
    assert (command.words[3:5], command.stdin) == (("practice", "-"), "slow-query\n")
