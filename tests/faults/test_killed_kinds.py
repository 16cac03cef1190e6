"""Every kind of fault has its small drill in which runners are killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from acceptance import kinds
from acceptance.kill import moments
from drills.faults.included import INCLUDED
from drills.workspace.validate import validate


def test_every_kind_is_there() -> None:
    assert kinds.names() == tuple(f"kind-{kind}" for kind in INCLUDED)


def test_the_small_drills_are_right(tmp_path: Path) -> None:
    (tmp_path / "drills.yaml").write_text("playbook: fastapi\n")
    (tmp_path / "probes").mkdir()
    (tmp_path / "probes" / "shop.yaml").write_text('- {name: home, role: site, http: {url: "${app}/"}}\n')
    kinds.write(tmp_path)
    assert [str(problem) for problem in validate(tmp_path) if not problem.warning] == []


def test_the_moments_are_spread_over_the_lives_of_all_drills() -> None:
    plan = moments(200, seed=1)
    assert {moment.drill for moment in plan} >= set(kinds.names())
    one = [moment.seconds for moment in plan if moment.drill == "kind-fill-disk"]
    assert min(one) < kinds.LIFE / 3
    assert max(one) > kinds.LIFE * 2 / 3
    assert plan == moments(200, seed=1) != moments(200, seed=2)


def test_one_kind_can_be_chosen_by_its_name() -> None:
    assert {moment.drill for moment in moments(3, seed=1, only=["fill-disk"])} == {"kind-fill-disk"}
    with pytest.raises(SystemExit, match="there is no such drill"):
        moments(3, seed=1, only=["meteorite"])
