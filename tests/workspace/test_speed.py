"""Large workspaces are checked in time that grows with their size; counted in calls, not in seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drills.schedule.occurrences import upcoming
from drills.workspace.validate import validate
from drills.workspace.workspace import Workspace


def calls(what: Callable[[], object]) -> int:
    """Calls of functions, Python's and built-in ones."""
    counted = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        what()
    finally:
        sys.setprofile(None)
    return counted


def workspace(root: Path, *, entries: int = 0, probes: int = 0, wrong: bool = False) -> Path:
    (root / "probes").mkdir(parents=True)
    when = ("monthly: third Thursday 14:00", "every: 3d", "on: 2026-12-03T14:00", 'cron: "0 9 * * mon"')
    schedule = [f"  - {{drill: quiet, {when[n % 4]}, timezone: Europe/Paris}}\n" for n in range(entries)]
    (root / "drills.yaml").write_text(f"playbook: slurpy\nschedule:\n{''.join(schedule) or '  []'}\n", encoding="utf-8")
    text = "".join(
        f'- name: p{n}\n  tcp: {{address: "a:1"}}\n  depends-on: [{"x" if wrong else "p"}{max(0, n - 1)}]\n'
        for n in range(probes)
    )
    (root / "probes" / "all.yaml").write_text(text or "[]", encoding="utf-8")
    return root


@pytest.mark.parametrize(
    "what", [{"entries": 200}, {"probes": 200}, {"probes": 400, "wrong": True}], ids=["calendar", "probes", "slips"]
)
def test_twice_as_much_takes_twice_as_long(tmp_path: Path, what: dict[str, int]) -> None:
    more = {
        name: size * 2 if isinstance(size, int) and not isinstance(size, bool) else size for name, size in what.items()
    }
    validate(workspace(tmp_path / "warm", **what))
    one, two = workspace(tmp_path / "one", **what), workspace(tmp_path / "two", **more)
    assert calls(lambda: validate(two)) < 2.4 * calls(lambda: validate(one))


def test_the_calendar_of_many_entries_takes_as_long_as_each_of_them(tmp_path: Path) -> None:
    since = datetime(2026, 11, 21, tzinfo=UTC)
    one = Workspace.load(workspace(tmp_path / "one", entries=100)).config.schedule
    two = Workspace.load(workspace(tmp_path / "two", entries=200)).config.schedule
    assert calls(lambda: upcoming(two, since, 3)) < 2.4 * calls(lambda: upcoming(one, since, 3))
