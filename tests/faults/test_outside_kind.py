"""A kind of fault of another distribution, under the same journal: injected, uninstalled, installed again, undone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drills.faults.injection import MakeEvent, inject
from drills.faults.registry import FAULTS, fault_of
from drills.model.events import Event, ResponderKind
from drills.model.scenario import FaultSpec
from drills.store.journal import Journal
from drills.store.store import Store
from tests.extending.installing import install_example
from tests.extending.test_commands import SERVER
from tests.faults.paper_sandbox import PaperSandbox
from tests.faults.settling import settle


class WithQueue(PaperSandbox):
    """A sandbox whose `queue` is a real one."""

    queue = ""

    @property
    def addresses(self) -> Mapping[str, str]:
        return {"queue": self.queue}


@pytest.fixture
def queue() -> Iterator[WithQueue]:
    process = subprocess.Popen([sys.executable, str(SERVER), "127.0.0.1", "0"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        sandbox = WithQueue()
        sandbox.queue = f"127.0.0.1:{process.stdout.readline().strip()}"
        yield sandbox
    finally:
        process.kill()
        process.wait()


def check_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process that starts now does."""
    monkeypatch.setattr(FAULTS, "_broken", None)
    monkeypatch.setattr(FAULTS, "_outside", {})


def test_it_is_injected_owed_undone_and_named_when_its_distribution_is_gone(
    store: Store, queue: WithQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_example(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    check_again(monkeypatch)
    drill = store.begin_drill(scenario="no-jobs", sandbox="default", responder=ResponderKind.NONE).drill_id
    journal, events = Journal(store), list[Event]()
    fault = fault_of(FaultSpec.model_validate({"kind": "halt-queue", "service": "queue"}))

    def told(make: MakeEvent) -> None:
        events.append(make(t=0.0, at=datetime.now(UTC)))

    assert inject(journal, queue, drill, 0, fault, told)
    assert [event.kind for event in events] == ["undo-written", "fault-applied", "fault-verified"]
    assert not inject(journal, queue, drill, 1, fault, told), "it is in place already"

    with monkeypatch.context() as uninstalled:
        uninstalled.setattr(sys, "path", [each for each in sys.path if each != str(tmp_path)])
        check_again(uninstalled)
        (owed,) = settle(store, queue)
        assert "does not know how to undo halt-queue: use the version that wrote it, or install" in owed.failed
    check_again(monkeypatch)
    (settled,) = settle(store, queue)
    assert settled.failed == ""
    fault.verify_undone(queue, {"service": "queue"})
    assert journal.owed("default") == []
