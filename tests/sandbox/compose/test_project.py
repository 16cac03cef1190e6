"""Which containers are ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from drills.errors import BadInput
from drills.sandbox.compose.project import FOLDER, PROJECT, Project, named_for, normalised, own


@pytest.fixture(autouse=True)
def _nobody_names_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMPOSE_PROJECT_NAME", raising=False)


def listed(project: str, folder: Path | str) -> dict[str, Any]:
    return {"Id": "1", "Labels": {PROJECT: project, FOLDER: str(folder)}}


@pytest.mark.parametrize(
    ("folder", "name"), [("Our Shop", "ourshop"), ("_x.y", "xy"), ("shop-2_b", "shop-2_b"), ("Ä", "")]
)
def test_a_project_is_called_as_compose_calls_it(folder: str, name: str) -> None:
    assert normalised(folder) == name


def test_other_sandboxes_and_borrowers_of_a_compose_file_have_projects_of_their_own() -> None:
    here = Path("/ours/shop")
    names = {
        named_for(here, "default"),
        named_for(here, "second"),
        named_for(here, "default", borrowed=Path("/one")),
        named_for(here, "default", borrowed=Path("/two")),
    }
    assert len(names) == 4
    assert named_for(here, "default") == "shop"


def test_the_environment_may_name_it_as_compose_lets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "theirs")
    assert named_for(Path("/ours/shop"), "default") == "theirs"


def test_only_containers_of_this_project_and_this_folder_are_ours(tmp_path: Path) -> None:
    ours = Project("shop", tmp_path.resolve(), tmp_path / "docker-compose.yml", "unix:///x.sock")
    assert own(ours, [listed("shop", tmp_path)])
    for labels in ({}, {PROJECT: "shop"}, {PROJECT: "shop", FOLDER: ""}, {PROJECT: "other", FOLDER: str(tmp_path)}):
        assert not ours.owns(labels)


def test_a_folder_that_is_reached_by_another_way_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    ours = Project("shop", (tmp_path / "real").resolve(), tmp_path / "f.yml", "unix:///x.sock")
    assert own(ours, [listed("shop", tmp_path / "link")])


def test_the_same_name_in_another_folder_is_refused_in_one_line(tmp_path: Path) -> None:
    ours = Project("shop", tmp_path.resolve(), tmp_path / "docker-compose.yml", "unix:///x.sock")
    with pytest.raises(BadInput, match=r"'shop' belongs to /elsewhere; nothing was touched") as refused:
        own(ours, [listed("shop", tmp_path), listed("shop", "/elsewhere")])
    assert "\n" not in str(refused.value)
