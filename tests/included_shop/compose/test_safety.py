"""What a compose sandbox touches: its own containers, and nothing that only looks like them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from acceptance.bystanders import Bystanders, labels_of
from acceptance.bystanders import bystanders as stood
from drills.errors import BadInput
from drills.included import included_root
from drills.included_shop.compose.driver import ComposeDriver
from drills.included_shop.names import Link, Service
from drills.included_shop.sandbox import ShopSandbox
from drills.sandbox.capabilities.links import Toxic
from drills.sandbox.compose.project import PROJECT, SERVICE
from tests.included_shop.conftest import compose_project

pytestmark = pytest.mark.engine


@pytest.fixture
def bystanders() -> Iterator[Bystanders]:
    with stood() as there:
        yield there


@pytest.mark.timeout(300)
def test_bystanders_with_similar_names_survive_all_that_a_drill_does(bystanders: Bystanders, tmp_path: Path) -> None:
    project = compose_project("drills-bystander")
    for service in Service:
        # Another project of the same folder, and one whose name only differs by its end, with the same services.
        bystanders.start(f"{project.name}2-{service}-1", labels_of(f"{project.name}2", project.folder, service))
        bystanders.start(f"{project.name}-{service}", {SERVICE: service})
    sandbox = ShopSandbox(ComposeDriver(project, tmp_path, included_root()))
    sandbox.up()
    try:
        before = sandbox.fingerprint()
        for service in Service:
            sandbox.services.kill(service)
            sandbox.services.start(service)
            sandbox.services.pause(service)
            sandbox.services.resume(service)
        sandbox.releases.deploy("1.2.0")
        sandbox.replicas.scale(1)
        sandbox.links.add_toxic(Link.APP_CACHE, Toxic("slow", "latency", attributes={"latency": 5, "jitter": 0}))
        sandbox.services.kill(Service.DATABASE)
        assert sandbox.restore(before)
        assert bystanders.changes() == []
    finally:
        sandbox.down()
    assert bystanders.changes() == []


def test_a_project_of_the_same_name_in_another_folder_is_refused_and_stays(
    bystanders: Bystanders, tmp_path: Path
) -> None:
    project = compose_project("drills-clash")
    bystanders.start(f"{project.name}-database-1", labels_of(project.name, "/somewhere/else", "database"))
    sandbox = ShopSandbox(ComposeDriver(project, tmp_path, included_root()))
    for act in (sandbox.up, sandbox.down, sandbox.is_up):
        with pytest.raises(BadInput, match="belongs to /somewhere/else; nothing was touched"):
            act()
    assert bystanders.changes() == []


@pytest.mark.parametrize("label", ["{}", "somebody-else", None])
def test_a_volume_that_no_sandbox_made_is_not_removed(
    bystanders: Bystanders, tmp_path: Path, label: str | None
) -> None:
    project = compose_project("drills-volume")
    name = f"{project.name}_database"
    labels = {} if label is None else {PROJECT: label.format(project.name)}
    bystanders.api.create_volume(name, labels=labels)
    try:
        sandbox = ShopSandbox(ComposeDriver(project, tmp_path, included_root()))
        for act in (sandbox.up, sandbox.down):
            with pytest.raises(BadInput, match=f"the volume {name} belongs to somebody else"):
                act()
        assert bystanders.api.inspect_volume(name)["Name"] == name
    finally:
        bystanders.api.remove_volume(name)


def test_the_names_of_these_tests_are_their_own() -> None:
    assert str(os.getpid()) in compose_project("x").name


def test_a_bystander_that_was_touched_is_told_once(bystanders: Bystanders) -> None:
    name = f"{compose_project('drills-touched').name}-database"
    bystanders.start(name, {SERVICE: Service.DATABASE})
    assert bystanders.changes() == []
    bystanders.api.restart(name, timeout=0)
    assert [line.split(":")[0] for line in bystanders.changes()] == [f"bystander {name}"]
    bystanders.api.remove_container(name, force=True)
    assert [line.split(" → ")[1] for line in bystanders.changes()] == ["gone"]
    assert bystanders.changes() == []
