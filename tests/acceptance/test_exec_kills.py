"""The drill in which runners of commands are killed is right, and its moments are spread over its whole life."""

from __future__ import annotations

from pathlib import Path

from acceptance.exec_kills import moments, write
from drills.workspace.validate import validate


def test_the_drill_is_right(tmp_path: Path) -> None:
    write(tmp_path)
    assert [str(problem) for problem in validate(tmp_path) if not problem.warning] == []


def test_the_moments_are_spread_over_its_life() -> None:
    plan = moments(40, seed=1)
    assert plan == moments(40, seed=1) != moments(40, seed=2)
    for from_injection in (False, True):
        own = [moment.seconds for moment in plan if moment.from_injection is from_injection]
        assert min(own) < max(own) / 4
