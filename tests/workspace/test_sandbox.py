from __future__ import annotations

from pathlib import Path

import pytest

from drills.errors import BadInput, EnvironmentFailed
from drills.included_shop.local.driver import LocalDriver
from drills.included_shop.sandbox import ShopSandbox
from drills.sandbox.state import ComposeProject, StateStore
from drills.workspace.config import Driver, SandboxConfig
from drills.workspace.sandbox import open_sandbox
from drills.workspace.workspace import Workspace


def workspace(root: Path, sandbox: SandboxConfig, more: str = "project: ours") -> Workspace:
    (root / "drills.yaml").write_text(
        f"playbook: fastapi\nsandbox: {{driver: {sandbox.driver}, name: {sandbox.name}, {more}}}\n"
    )
    return Workspace.load(root)


def test_sandboxes_of_different_names_share_a_workspace_and_nothing_else(tmp_path: Path) -> None:
    one, other = (open_sandbox(workspace(tmp_path, SandboxConfig(name=name))) for name in ("one", "other"))
    assert isinstance(one, ShopSandbox)
    assert isinstance(other, ShopSandbox)
    assert isinstance(one.own, LocalDriver)
    assert isinstance(other.own, LocalDriver)
    assert one.own.layout.root != other.own.layout.root
    assert one.own.store.identity != other.own.store.identity
    assert one.own.cache_dir == other.own.cache_dir


def test_the_compose_driver_is_taken_when_it_is_named(tmp_path: Path) -> None:
    opened = open_sandbox(workspace(tmp_path, SandboxConfig(driver=Driver.COMPOSE)))
    assert opened.driver == "compose"
    assert opened.addresses == {}, "it is not up"


def test_without_an_engine_the_local_driver_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")
    assert open_sandbox(workspace(tmp_path, SandboxConfig())).driver == "local"


def test_a_compose_sandbox_that_was_up_is_still_meant_when_its_engine_has_died(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")
    folder = tmp_path / ".drills" / "sandbox" / "default" / "compose"
    folder.mkdir(parents=True)
    StateStore(folder / "state.json", "marker").change(active=True)
    opened = open_sandbox(workspace(tmp_path, SandboxConfig()))
    assert opened.driver == "compose"
    with pytest.raises(EnvironmentFailed, match=r"the Docker engine at .* does not answer"):
        opened.is_up()


@pytest.mark.parametrize("change", [{"name": "another"}, {"host": "unix:///somewhere/else.sock"}])
def test_a_compose_sandbox_that_is_up_elsewhere_is_neither_mended_here_nor_taken_for_the_local_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, str]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")
    folder = tmp_path / ".drills" / "sandbox" / "default" / "compose"
    folder.mkdir(parents=True)
    at = {"name": "ours", "folder": str(tmp_path), "host": f"unix://{tmp_path}/no-engine.sock"}
    state = StateStore(folder / "state.json", "marker").change(active=True, compose=ComposeProject(**at | change))
    opened = open_sandbox(workspace(tmp_path, SandboxConfig()))
    assert opened.driver == "compose"
    for act in (opened.is_up, opened.up, opened.down, opened.fingerprint, lambda: opened.services.restart("app")):
        with pytest.raises(EnvironmentFailed, match=r"was brought up as \w+ on the engine .* go back to that one"):
            act()
    assert StateStore(folder / "state.json", "marker").read() == state


def test_an_engine_that_is_reached_by_another_path_of_its_socket_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/link/no-engine.sock")
    folder = tmp_path / ".drills" / "sandbox" / "default" / "compose"
    folder.mkdir(parents=True)
    at = ComposeProject(name="ours", folder=str(tmp_path), host=f"unix://{tmp_path}/no-engine.sock")
    StateStore(folder / "state.json", "marker").change(active=True, compose=at)
    with pytest.raises(EnvironmentFailed, match=r"the Docker engine at .* does not answer"):
        open_sandbox(workspace(tmp_path, SandboxConfig())).is_up()


def test_a_compose_file_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    given = workspace(tmp_path, SandboxConfig(driver=Driver.COMPOSE), "file: nothing.yml")
    with pytest.raises(BadInput, match=r"drills\.yaml: sandbox\.file: there is no nothing\.yml"):
        open_sandbox(given)


def test_an_engine_of_another_machine_is_refused_unless_it_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")
    refused = open_sandbox(workspace(tmp_path, SandboxConfig(driver=Driver.COMPOSE)))
    for ask in (refused.is_up, refused.up):
        with pytest.raises(BadInput, match=r"192\.0\.2\.1:2375 is not on this machine.*allow-remote-engine"):
            ask()
