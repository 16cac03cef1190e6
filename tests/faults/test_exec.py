"""A fault of a team's own, as commands: real processes on their bad days, and nothing of them left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from drills.drill.recovery import recover
from drills.errors import EnvironmentFailed
from drills.faults.injection import inject
from drills.faults.registry import fault_of
from drills.model.events import Event, FaultFailed, FaultVerified, ResponderKind
from drills.model.scenario import FaultSpec
from drills.processes.leftovers import until
from drills.sandbox.commands import Commands, variables
from drills.store.journal import Journal
from drills.store.store import Store
from tests.faults.paper_sandbox import PaperSandbox
from tests.faults.settling import settle

#: A fault that is a file. Its commands succeed, and say what they are.
FAULT = {
    "check": "[ ! -e fault ]",
    "apply": "touch fault",
    "verify": "ls fault",
    "undo": "rm -f fault",
    "verify-undone": "[ ! -e fault ]",
}
PHASES = tuple(FAULT)
#: Hides from whoever looks for its parent, its session or its environment.
DAEMON = "(setsid env -i sh -c 'exec sleep 300' &)"


def sandbox_in(folder: Path) -> PaperSandbox:
    sandbox = PaperSandbox()
    addresses = {"web": "http://127.0.0.1:8000", "external-api": "h:1"}
    sandbox.commands = Commands(folder, lambda: addresses, project="shop-drill")
    return sandbox


def living(folder: Path) -> list[str]:
    """The processes that run in that folder, by their command lines."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / ".drills").mkdir()
    yield tmp_path
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(tmp_path):
                process.kill()
        except psutil.Error:
            continue


class Drill:
    """One fault, injected and mended as a drill does it."""

    def __init__(self, folder: Path, store: Store, **settings: Any) -> None:
        self.folder, self.store, self.sandbox = folder, store, sandbox_in(folder)
        self.fault = fault_of(FaultSpec(kind="exec", settings={"timeout": "20s", **FAULT, **settings}))
        self.record = store.begin_drill(scenario="own", sandbox="default", responder=ResponderKind.NONE)
        self.events: list[Event] = []

    def inject(self) -> str:
        """Its evidence, or why it could not be put in place."""

        def emit(make: Any) -> None:
            self.events.append(make(t=0, at=self.store.clock.now()))

        inject(Journal(self.store), self.sandbox, self.record.drill_id, 0, self.fault, emit)
        last = self.events[-1]
        return (
            last.evidence if isinstance(last, FaultVerified) else last.reason if isinstance(last, FaultFailed) else ""
        )

    def undo_all(self) -> list[str]:
        """Why each undo is still owed; empty texts for those that are settled."""
        return [each.failed for each in settle(self.store, self.sandbox, self.record.drill_id)]

    @property
    def owed(self) -> int:
        return len(Journal(self.store).owed("default"))


@pytest.fixture
def drill(workspace: Path, store: Store) -> Any:
    return lambda **settings: Drill(workspace, store, **settings)


def test_it_is_seen_while_it_is_there_and_gone_afterwards(drill: Any, workspace: Path) -> None:
    one = drill()
    assert one.inject() == "fault"
    assert one.undo_all() == [""]
    assert not (workspace / "fault").exists()


def test_without_check_and_verify_it_is_judged_by_what_says_that_it_is_undone(drill: Any, workspace: Path) -> None:
    one = drill(check=None, verify=None, **{"verify-undone": "ls fault 2>&1 && echo there && exit 3; true"})
    assert one.inject() == "verify-undone: exit status 3: there"
    assert drill(check=None).inject() == "verify-undone: exit status 1", "it is there already"
    assert one.undo_all() == [""]
    nothing = drill(apply="true", verify=None)
    assert nothing.inject() == "verify-undone succeeds: nothing of the fault can be seen"
    absent = drill(verify=None, **{"verify-undone": "[ ! -e fault ] || no-such-program"})
    assert absent.inject() == "verify-undone: exit status 127: sh: 1: no-such-program: not found"


@pytest.mark.parametrize("phase", PHASES)
def test_a_command_that_hangs_is_ended_at_its_timeout_with_all_that_it_started(
    drill: Any, workspace: Path, phase: str
) -> None:
    one = drill(**{phase: {"run": f"{DAEMON}; sleep 300", "timeout": "200ms"}})
    why = f"{phase}: it did not end in time"
    assert one.inject() == (why if phase in PHASES[:3] else "fault")
    assert living(workspace) == []
    assert one.owed == (phase != "check"), "its undo was written before anything was applied"
    if phase != "check":
        assert one.undo_all() == ([why] if phase.endswith(("undo", "undone")) else [""])
    assert living(workspace) == []


def test_what_apply_leaves_in_the_background_goes_on_until_it_is_undone(drill: Any, workspace: Path) -> None:
    one = drill(apply=f"{DAEMON}; while :; do echo said; echo x >> said; sleep 0.05; done & touch fault")
    assert one.inject() == "fault"
    said = workspace / "said"
    before = said.stat().st_size
    assert until(lambda: said.stat().st_size > before + 10, seconds=60), "it is not ended for writing to nobody"
    assert "sleep 300" in living(workspace)
    assert one.undo_all() == [""]
    assert living(workspace) == []


@pytest.mark.parametrize("phase", ["check", "verify", "undo", "verify-undone"])
def test_what_the_others_leave_behind_is_ended_at_once(drill: Any, workspace: Path, phase: str) -> None:
    one = drill(**{phase: f"{DAEMON}; {FAULT[phase]}"})
    assert one.inject() == "fault"
    assert living(workspace) == []
    assert one.undo_all() == [""]
    assert living(workspace) == []


def test_an_apply_that_fails_leaves_nothing_running_and_is_undone(drill: Any, workspace: Path) -> None:
    one = drill(apply=f"touch fault; {DAEMON}; echo 'no luck' >&2; exit 7")
    assert one.inject() == "apply: exit status 7: no luck"
    assert living(workspace) == []
    assert one.undo_all() == [""]
    assert not (workspace / "fault").exists()


def test_an_undo_that_fails_twice_stays_owed_and_works_at_the_third_time(
    drill: Any, workspace: Path, store: Store
) -> None:
    one = drill(
        apply=f"{DAEMON}; touch fault", undo="echo x >> tries; [ $(wc -l < tries) -ge 3 ] || exit 4; rm -f fault"
    )
    one.inject()
    assert one.undo_all() == ["undo: exit status 4"]
    assert one.owed == 1
    assert living(workspace) != [], "a part of the fault until it is undone"
    report = recover(store, one.sandbox, "default", workspace)
    assert report.owed == ()
    assert one.owed == 0
    assert (workspace / "tries").read_text() == "x\n" * 3
    assert living(workspace) == []


def test_a_verification_of_the_undo_that_says_no_keeps_it_owed(drill: Any) -> None:
    one = drill(**{"verify-undone": "echo 'still 3 of them'; exit 1"})
    one.inject()
    assert one.undo_all() == ["verify-undone: exit status 1: still 3 of them"]
    assert one.owed == 1


@pytest.mark.parametrize(
    ("verify", "evidence"),
    [
        ("true", "verify: exit status 0"),
        ("printf 'one\\n\\n two \\n\\n'", "two"),
        ("printf '\\033[31mred\\033[0m\\033]0;title\\007'", "red"),
        ("printf 'a\\001b\\377'", "a\\x01b�"),
        ("head -c 1000000 /dev/zero | tr '\\0' x", "… " + "x" * 200),
        ("echo password=kingfisher-7", "password=•••"),
        ("echo $TOKEN", "•••"),
        ("echo ${web} ${external_api} $HUE $DRILLS_PROJECT", "http://127.0.0.1:8000 h:1 blue shop-drill"),
        (["printf", "%s", "a word"], "a word"),
        ("kill -9 $$", "verify: exit status 137 (SIGKILL)"),
        ("no-such-program", "verify: exit status 127: sh: 1: no-such-program: not found"),
        (["no-such-program"], "verify: exit status 127: no-such-program cannot be started: No such file or directory"),
        ("echo $nothing", "verify: exit status 2: sh: 1: nothing: parameter not set"),
        ("false\necho on", "verify: exit status 1"),
        ({"run": "yes", "timeout": "300ms"}, "verify: it did not end in time: y"),
        ({"run": "cat /dev/urandom", "timeout": "300ms"}, "verify: it did not end in time: "),
        ("echo 'open' >&3", "verify: exit status 2: sh: 1: 3: Bad file descriptor"),
    ],
)
def test_evidence_is_one_plain_line_without_secrets(drill: Any, verify: Any, evidence: str) -> None:
    one = drill(verify=verify, environment={"TOKEN": "kingfisher-8", "HUE": "blue"})
    said = one.inject()
    assert said.startswith(evidence) if evidence.endswith(": ") else said == evidence
    assert len(said) < 250
    assert one.undo_all() == [""]


def test_the_plan_has_all_that_an_undo_needs(drill: Any, workspace: Path, store: Store) -> None:
    one = drill(environment={"NAME": "it"}, undo={"run": ["rm", "-f", "fault"], "timeout": "7s"})
    one.inject()
    (row,) = Journal(store).owed("default")
    assert {key: value for key, value in row.plan.items() if key != "mark"} == {
        "in": None,
        "undo": {"run": ["rm", "-f", "fault"], "limit": 7.0, "environment": {"NAME": "it"}},
        "verify-undone": {"run": "[ ! -e fault ]", "limit": 20.0, "environment": {"NAME": "it"}},
    }


def test_a_list_of_processes_tells_nothing_but_the_programs_that_the_commands_start(
    drill: Any, workspace: Path
) -> None:
    one = drill(apply="# betrayal\nsleep 300 & touch fault", verify="ps -eo args > list; ls fault # betrayal")
    assert one.inject() == "fault"
    assert "betrayal" not in (workspace / "list").read_text()
    shown = living(workspace)
    assert "sleep 300" in shown
    assert not [line for line in shown if "betrayal" in line]
    assert one.undo_all() == [""]


_RUNNER = """
import json, sys
from pathlib import Path
from drills.store.store import Store
from tests.faults.test_exec import Drill
folder, settings = Path(sys.argv[1]), json.loads(sys.argv[2])
drill = Drill(folder, Store.open(f"sqlite:///{folder}/.drills/drills.db"), **settings)
print(drill.inject())
print(drill.undo_all())
"""


@pytest.mark.parametrize("phase", PHASES)
def test_a_runner_that_is_killed_in_any_phase_leaves_nothing_after_recovery(
    workspace: Path, store: Store, phase: str
) -> None:
    hangs = f"if [ ! -e now ]; then {DAEMON}; touch now; sleep 300; fi\n{FAULT[phase]}"
    settings = json.dumps({"apply": f"{DAEMON}; touch fault", phase: hangs})
    runner = subprocess.Popen(
        [sys.executable, "-c", _RUNNER, str(workspace), settings], cwd=Path(__file__).parents[2], env=dict(os.environ)
    )
    assert until((workspace / "now").exists, seconds=90)
    runner.send_signal(signal.SIGKILL)
    runner.wait()

    report = recover(store, sandbox_in(workspace), "default", workspace)

    assert report.owed == ()
    assert not (workspace / "fault").exists()
    # What was cut short is ended by its own supervisor, beside the recovery.
    assert until(lambda: living(workspace) == [], seconds=60)


def test_an_undo_on_this_machine_does_not_wait_for_an_engine_that_is_gone(drill: Any, workspace: Path) -> None:
    one = drill()
    assert one.inject() == "fault"

    def gone() -> dict[str, str]:
        raise EnvironmentFailed("the Docker engine does not answer")

    one.sandbox.commands = Commands(workspace, gone)
    assert one.undo_all() == [""]


def test_addresses_have_names_that_a_shell_takes() -> None:
    assert variables({"external-api": "a", "ca": "b", "web.site": "c"}) == {
        "external_api": "a",
        "ca": "b",
        "web_site": "c",
    }
