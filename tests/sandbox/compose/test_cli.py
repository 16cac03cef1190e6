"""What `docker compose` says when it fails, as one line for the user."""

from __future__ import annotations

from pathlib import Path

import pytest

from drills.errors import BadInput, EnvironmentFailed
from drills.sandbox.compose.cli import ComposeCli, ServiceFailed, failure
from drills.sandbox.compose.project import Project

FILE = "/ours/docker-compose.yml"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("docker: 'compose' is not a docker command.\nSee 'docker --help'", "no Compose v2"),
        ("Cannot connect to the Docker daemon at unix:///x.sock. Is the docker daemon running?", "does not answer"),
        ("Error response from daemon: write /x: no space left on device", "disk is full"),
        (
            "Error response from daemon: driver failed programming external connectivity on endpoint e: "
            "Bind for 127.0.0.1:15432 failed: port is already allocated",
            "port 15432 is taken",
        ),
        (
            "Error response from daemon: driver failed: Error starting userland proxy: "
            "listen tcp4 127.0.0.1:15432: bind: address already in use",
            "port 15432 is taken",
        ),
        (
            "Error response from daemon: pull access denied for nobody/nothing, repository does not exist",
            "image .*is missing",
        ),
        (
            "Error response from daemon: manifest for redis:99 not found: manifest unknown",
            "the image redis:99 is missing",
        ),
        (
            "Error response from daemon: No such image: 127.0.0.1:5000/ours/shop:2",
            "the image 127.0.0.1:5000/ours/shop:2 is",
        ),
        ("Image redis:99 Error Get https://registry/v2/: no such host", "the image redis:99 is missing"),
        ("something odd\nerror: it fell over", "it fell over"),
        ("", "without output"),
    ],
)
def test_a_failure_is_told_in_one_line(said: str, told: str) -> None:
    error = failure(said, FILE)
    assert isinstance(error, EnvironmentFailed)
    with pytest.raises(EnvironmentFailed, match=told):
        raise error
    assert "\n" not in str(error)


def test_an_image_is_named_where_only_its_service_was() -> None:
    said = 'cache Error Get "https://registry/v2/": dial tcp: connection refused\nError response: connection refused'
    assert str(failure(said, FILE, {"cache": "redis:99"}.get)).startswith("the image redis:99 is missing and cannot be")
    assert str(failure(said, FILE)).startswith("an image is missing and cannot be fetched: ")


def test_a_container_that_is_not_well_is_named() -> None:
    error = failure("dependency failed to start: container shop-database-1 is unhealthy", FILE)
    assert isinstance(error, ServiceFailed)
    assert error.container == "shop-database-1"
    error = failure("container shop-app-1 exited (1)", FILE)
    assert isinstance(error, ServiceFailed)
    assert error.container == "shop-app-1"


@pytest.mark.parametrize(
    "said",
    ["yaml: line 3: mapping values are not allowed in this context", 'service "app" refers to undefined volume x'],
)
def test_a_compose_file_that_cannot_be_used_is_bad_input_that_names_it(said: str) -> None:
    error = failure(said, FILE)
    assert isinstance(error, BadInput)
    assert str(error).startswith(f"{FILE}: ")


def test_without_the_command_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    cli = ComposeCli(Project("ours", tmp_path, tmp_path / "docker-compose.yml", "unix:///nowhere.sock"))
    with pytest.raises(EnvironmentFailed, match="`docker` is not on PATH"):
        cli.up((), {})
