"""`drills undo`: what is owed is listed; what cannot be undone any more is given up, with its reason kept."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from drills.errors import ExitCode
from drills.faults.restoring import RESTORE_SANDBOX, plan_of
from drills.model.events import DrillStarted, ResponderKind, UndoGivenUp
from drills.sandbox.fingerprint import Fingerprint
from drills.store.holder import hold
from drills.store.journal import Journal
from drills.store.runner import Runner
from drills.store.store import Store
from drills.workspace.workspace import Workspace
from tests.cli.typed import drills_here, one_line
from tests.scoring.timelines import drill as sample
from tests.store.drill_data import begin

DEAD = Runner(pid=1, started=-1.0, boot_id=Runner.this().boot_id)
DECLARED = "sandbox: {file: compose.yaml, services: {web: {adapter: redis, may: [kill, fill]}%s}}\n"
COMPOSE = "services: {web: {image: 'redis:7'}%s}\n"
SETTINGS = {"maxmemory": "0", "maxmemory-policy": "noeviction"}
GONE = ", db: {image: 'redis:7'}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "drills.yaml").write_text("playbook: fastapi\n", encoding="utf-8")
    return tmp_path


def stored(folder: Path) -> Store:
    return Store.open(Workspace.load(folder).store_url)


def owing(folder: Path, kind: str = RESTORE_SANDBOX, plan: object = None) -> tuple[str, int]:
    """A drill whose runner died while it owed one undo: its id and the undo's number."""
    with closing(stored(folder)) as store:
        record = begin(store)
        events = [event.model_copy(update={"seq": -1}) for event in sample().baseline().timeline()]
        assert isinstance(events[0], DrillStarted)
        events[0] = events[0].model_copy(update={"drill_id": record.drill_id})
        store.append_many(record.drill_id, events)
        plan = plan_of(Fingerprint({})) if plan is None else plan
        assert isinstance(plan, dict)
        return record.drill_id, Journal(store).write(record.drill_id, "default", kind, "fill the cache", plan)


def test_what_is_given_up_is_owed_no_more_and_its_reason_is_in_the_report(folder: Path) -> None:
    drill_id, number = owing(folder)
    listed = drills_here("undo", "list", folder=folder)
    assert listed.stdout.startswith(f"#{number}  {drill_id}  since ")
    assert listed.stdout.endswith("UTC  fill the cache\n")
    assert listed.returncode == ExitCode.UNDO_OWED

    done = drills_here("undo", "give-up", str(number), "--because", "the cache is gone", "--force", folder=folder)
    assert (done.stdout, done.returncode) == (f"undo #{number} given up: fill the cache\n", ExitCode.ALL_MET)
    assert drills_here("undo", "list", folder=folder).stdout == "nothing is owed\n"
    with closing(stored(folder)) as store:
        (event,) = store.timeline(drill_id).all(UndoGivenUp)
        assert (event.journal_id, event.reason) == (number, "the cache is gone")
        (row,) = Journal(store).of_drill(drill_id)
        assert row.last_failure == "given up: the cache is gone"

    again = drills_here("undo", "give-up", str(number), "--because", "x", "--force", folder=folder)
    assert one_line(again) == f"undo #{number} is not owed here; nothing is owed"
    assert again.returncode == ExitCode.BAD_INPUT


def test_a_reason_is_wanted_and_a_number_that_is_owed(folder: Path) -> None:
    _, number = owing(folder)
    without = drills_here("undo", "give-up", str(number), "--because", " ", folder=folder)
    assert one_line(without) == "--because: write why it cannot be undone"
    other = drills_here("undo", "give-up", str(number + 1), "--because", "x", folder=folder)
    assert one_line(other) == f"undo #{number + 1} is not owed here; owed: #{number}"
    assert (without.returncode, other.returncode) == (ExitCode.BAD_INPUT, ExitCode.BAD_INPUT)


def test_nothing_is_given_up_while_somebody_holds_the_sandbox(folder: Path) -> None:
    _, number = owing(folder)
    with hold(folder / ".drills", "default", "drill slow-query", drill=True):
        done = drills_here("undo", "give-up", str(number), "--because", "x", "--force", folder=folder)
    assert one_line(done).startswith("sandbox default is held by drill slow-query")
    assert done.returncode == ExitCode.NOT_VALID


def test_what_a_blind_drill_owes_is_not_shown_while_it_lasts(folder: Path) -> None:
    with closing(stored(folder)) as store:
        record = store.begin_drill(scenario="slow-query", sandbox="default", responder=ResponderKind.PERSON, blind=True)
        Journal(store).write(record.drill_id, "default", RESTORE_SANDBOX, "drop an index", {})
    with hold(folder / ".drills", "default", "drill", drill=True):
        done = drills_here("undo", "list", folder=folder)
    assert record.drill_id in one_line(done)
    assert "index" not in done.stdout + done.stderr
    assert done.returncode == ExitCode.BAD_INPUT


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A compose project that is up, with a service `db` that its owner removes later."""
    write(tmp_path, GONE, ", db: {adapter: redis, may: [kill, fill]}")
    compose(tmp_path, "up", "--detach", "--wait")
    yield tmp_path
    compose(tmp_path, "down", "--volumes", "--timeout", "0", "--remove-orphans")


def write(folder: Path, services: str, declared: str) -> None:
    (folder / "compose.yaml").write_text(COMPOSE % services, encoding="utf-8")
    (folder / "drills.yaml").write_text("playbook: fastapi\n" + DECLARED % declared, encoding="utf-8")


def compose(folder: Path, *words: str) -> None:
    done = subprocess.run(["docker", "compose", *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.engine
@pytest.mark.timeout(180)
def test_only_what_is_gone_is_given_up_and_what_can_be_undone_is_undone(project: Path) -> None:
    plan = {"service": "db", "keys": 1, "prefix": "drills:", "settings": SETTINGS}
    _, first = owing(project, "fill-cache", plan)
    undone = drills_here("undo", "give-up", str(first), "--because", "x", folder=project)
    assert undone.stdout.endswith(f"undo #{first} was made after all; there is nothing to give up\n")
    assert undone.returncode == ExitCode.ALL_MET

    _, second = owing(project, "fill-cache", plan)
    compose(project, "stop", "--timeout", "0", "db")
    refused = drills_here("undo", "give-up", str(second), "--because", "x", folder=project)
    assert one_line(refused).startswith(f"undo #{second} may still be made, for db is still there: ")
    assert refused.returncode == ExitCode.UNDO_OWED

    write(project, "", "")
    compose(project, "up", "--detach", "--remove-orphans", "--timeout", "0")
    done = drills_here("undo", "give-up", str(second), "--because", "db was removed", folder=project)
    assert done.stdout.splitlines()[-1] == f"undo #{second} given up: fill the cache"
    assert done.returncode == ExitCode.ALL_MET
