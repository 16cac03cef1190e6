"""One warm sandbox for all real drills; every drill must leave it as it found it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.store.store import Store
from drills.workspace.sandbox import open_sandbox
from drills.workspace.workspace import Workspace
from tests.drill.bench import Bench, make_workspace, run

# Recovery is tried on the sandbox that faults are tried on.
from tests.faults.conftest import sandbox, sandbox_folder, store, workspace  # noqa: F401


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    # Not below pytest's own folders: PostgreSQL is another user when this one is root, and those are closed to others.
    with tempfile.TemporaryDirectory(prefix="drills-test-") as name:
        folder = Path(name).resolve()
        make_workspace(folder)
        store = Store.open(f"sqlite:///{folder}/.drills/drills.db")
        try:
            up = run(folder, "sandbox", "up")
            assert up.returncode == 0, up.stderr
            yield Bench(folder, store, open_sandbox(Workspace.load(folder)).fingerprint())
        finally:
            run(folder, "recover")
            run(folder, "sandbox", "down")
            store.close()
