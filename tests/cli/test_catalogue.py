"""`drills list` and `drills run`, where the sandbox cannot have a drill."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from drills.cli.main import app
from drills.conductor.possible import require_possible
from drills.core.scenario import Scenario
from drills.errors import ExitCode, NotSupported
from drills.sandbox.protocol import Capability
from tests.faults.paper_sandbox import PaperSandbox

SCENARIO = """\
title: A full disk
story: Nothing is stored any more.
steady: {probes: [home]}
timeline: [{at: 1s, fault: {kind: fill-disk}}]
"""
WHY = "a disk of a fixed size can be mounted by root only"


class WithoutDisk(PaperSandbox):
    unavailable = {Capability.DISK: WHY}
    capabilities = frozenset(Capability) - {Capability.DISK}


@pytest.mark.parametrize(("driver", "which"), [("local", "this"), ("auto", "the local")])
def test_a_drill_that_the_sandbox_cannot_have_is_listed_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, driver: str, which: str
) -> None:
    monkeypatch.setattr("drills.sandbox.refusals.refusals", lambda driver: {Capability.DISK: f"{driver}: {WHY}"})
    (tmp_path / "drills.yaml").write_text(f"playbook: fastapi\nsandbox: {{driver: {driver}}}\n")
    for name, text in (("disk-full", SCENARIO), ("quiet", "title: A quiet while\n")):
        (tmp_path / "scenarios" / name).mkdir(parents=True)
        (tmp_path / "scenarios" / name / "scenario.yaml").write_text(text)
    listed = CliRunner().invoke(app, ["list", "--workspace", str(tmp_path)])
    assert listed.stdout.splitlines() == [
        "disk-full  A full disk",
        f"           not on {which} sandbox: {driver}: {WHY}",
        "quiet      A quiet while",
    ]


def test_running_it_by_name_is_refused_in_one_line_with_the_status_of_bad_input() -> None:
    scenario = Scenario.model_validate(
        {
            "name": "disk-full",
            "title": "A full disk",
            "story": "Nothing is stored any more.",
            "steady": {"probes": ["home"]},
            "timeline": [{"at": "1s", "fault": {"kind": "fill-disk"}}],
        }
    )
    require_possible(scenario, PaperSandbox())
    with pytest.raises(NotSupported) as refused:
        require_possible(scenario, WithoutDisk())
    assert str(refused.value) == (
        f"disk-full: not on this sandbox: the paper sandbox lacks disk, needed by fill-disk: {WHY}"
    )
    assert refused.value.exit_code is ExitCode.BAD_INPUT
