"""`drills list` and `drills run`, where the sandbox cannot have a drill."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from drills.cli.application import app
from drills.drill.planning import require_possible
from drills.errors import ExitCode, NotSupported
from drills.included_shop.system import Shop
from drills.model.scenario import Scenario
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.choice import SandboxLocation
from drills.sandbox.state import StateStore
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


def only_local(_shop: Shop, driver: str) -> dict[Capability, str]:
    return {Capability.DISK: WHY} if driver == "local" else {}


def listed(root: Path, driver: str) -> list[str]:
    (root / "drills.yaml").write_text(f"playbook: fastapi\nsandbox: {{driver: {driver}}}\n")
    for name, text in (("disk-full", SCENARIO), ("quiet", "title: A quiet while\n")):
        (root / "scenarios" / name).mkdir(parents=True)
        (root / "scenarios" / name / "scenario.yaml").write_text(text)
    return CliRunner().invoke(app, ["list", "--workspace", str(root)]).stdout.splitlines()


@pytest.mark.parametrize(("driver", "which"), [("local", "this"), ("auto", "the local")])
def test_a_drill_that_the_sandbox_cannot_have_is_listed_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, driver: str, which: str
) -> None:
    monkeypatch.setattr("drills.included_shop.system.Shop.unavailable", only_local)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")
    assert listed(tmp_path, driver) == [
        "disk-full  A full disk",
        f"           not on {which} sandbox: {WHY}",
        "quiet      A quiet while",
    ]


def test_what_only_the_local_sandbox_lacks_is_not_told_while_the_containers_are_what_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drills.included_shop.system.Shop.unavailable", only_local)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")
    SandboxLocation(tmp_path).compose_folder.mkdir(parents=True)
    StateStore(SandboxLocation(tmp_path).compose_folder / "state.json", "marker").change(active=True)
    assert listed(tmp_path, "auto") == ["disk-full  A full disk", "quiet      A quiet while"]


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


OWN_COMMANDS = """\
title: Commands of our own
story: Something is wrong.
steady: {probes: [home]}
timeline:
  - at: 5s
    fault:
      kind: exec
      in: app
      summary: take the lock
      apply: touch lock
      undo: [rm, -f, lock]
      verify-undone: {run: "[ ! -e lock ]", timeout: 5s}
truth: {cause: lock, among: [lock, load], remedy: Remove it.}
runbook: null
"""


def own_commands(root: Path, *words: str) -> list[str]:
    (root / "probes").mkdir(parents=True)
    (root / "drills.yaml").write_text("playbook: fastapi\nsandbox: {driver: local}\n")
    (root / "probes" / "home.yaml").write_text('- {name: home, http: {url: "${app}/"}}\n')
    (root / "scenarios" / "own").mkdir(parents=True)
    (root / "scenarios" / "own" / "scenario.yaml").write_text(OWN_COMMANDS)
    result = CliRunner().invoke(app, [*words, "--workspace", str(root)])
    return [*result.output.splitlines(), *([str(result.exception)] if result.exception else [])]


def test_the_commands_of_a_fault_are_shown_only_to_who_wants_to_be_spoilt(tmp_path: Path) -> None:
    shown = "\n".join(own_commands(tmp_path / "a", "show", "own"))
    assert "Commands of our own" in shown
    assert "lock" not in shown
    spoilt = own_commands(tmp_path / "b", "show", "own", "--spoil")
    at = spoilt.index("fault     at 5s: exec: take the lock")
    assert spoilt[at + 1 : at + 6] == [
        "          in            app",
        "          summary       take the lock",
        "          apply         touch lock",
        '          undo          ["rm", "-f", "lock"]',
        '          verify-undone {"run": "[ ! -e lock ]", "timeout": "5s"}',
    ]


def test_services_that_are_processes_have_no_containers(tmp_path: Path) -> None:
    told = own_commands(tmp_path, "run", "own", "--responder", "none")
    assert told[-1] == (
        "own: not on this sandbox: exec: app is not a container here; leave `in` out: commands then run on this machine"
    )
