"""The processes that a sandbox says it runs, as another program finds them: in its state file."""

from __future__ import annotations

from pathlib import Path

from drills.sandbox.state import ProcessRecord, load


def read_processes(path: Path) -> tuple[ProcessRecord, ...]:
    """Empty when there is no file."""
    state = load(path)
    return () if state is None else state.processes
