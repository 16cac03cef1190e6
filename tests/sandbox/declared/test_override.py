"""One override file is the sum of what is in force, and is gone with the last of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from drills.errors import EnvironmentFailed
from drills.sandbox.declared.override import Override, Part
from drills.sandbox.state import StateStore

TAG = {"services": {"web": {"image": "web:2"}}}
SETTING = {"services": {"web": {"environment": {"POOL": "1", "PRICE": "5$USD"}}}}


def override_in(folder: Path) -> Override:
    return Override(StateStore(folder / "state.json", "mine"), folder / "override.yaml")


def test_the_file_is_the_sum_of_the_parts_that_are_in_force(tmp_path: Path) -> None:
    override = override_in(tmp_path)
    override.put(Part.RELEASES, TAG)
    override.put(Part.SETTINGS, SETTING)
    file = override.file()
    assert file is not None
    written = yaml.safe_load(file.read_text())
    assert written["services"]["web"] == {
        "image": "web:2",
        "environment": {"POOL": "1", "PRICE": "5$$USD"},
    }, "a dollar is a dollar, and no variable of Compose"
    assert file.stat().st_mode & 0o077 == 0, "a setting may be a secret"


def test_the_file_is_gone_with_the_last_part(tmp_path: Path) -> None:
    override = override_in(tmp_path)
    override.put(Part.RELEASES, TAG)
    override.put(Part.SETTINGS, SETTING)
    override.put(Part.RELEASES, {})
    assert override.file() is not None
    override.put(Part.SETTINGS, {})
    assert override.file() is None
    assert [each.name for each in tmp_path.iterdir()] == ["state.json"]


@pytest.mark.parametrize("meanwhile", ["removed", "services: {web: {image: mine}}", "}{"])
def test_a_file_that_was_edited_or_removed_by_hand_is_written_anew(tmp_path: Path, meanwhile: str) -> None:
    override_in(tmp_path).put(Part.RELEASES, TAG)
    if meanwhile == "removed":
        (tmp_path / "override.yaml").unlink()
    else:
        (tmp_path / "override.yaml").write_text(meanwhile)
    file = override_in(tmp_path).file()
    assert file is not None
    assert yaml.safe_load(file.read_text()) == TAG


def test_a_folder_in_which_nothing_can_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    override = override_in(tmp_path)
    override.put(Part.RELEASES, TAG)
    (tmp_path / "override.yaml").unlink()
    (tmp_path / "override.yaml").mkdir()
    with pytest.raises(EnvironmentFailed, match=r"override\.yaml: cannot be written"):
        override.file()
