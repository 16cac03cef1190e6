"""What the doctor says of an engine, its Compose, its images, its room, and what to do about each."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drills.doctor import containers
from drills.doctor.check import Check
from drills.doctor.containers import check_engine
from drills.errors import EnvironmentFailed
from drills.included_shop.system import Shop
from drills.sandbox.compose.project import FOLDER, PROJECT
from drills.sandbox.system import PublishedPort
from drills.workspace.workspace import Workspace
from tests.doctor.stand_in import IMAGES, Engine, docker_command

CONFIG = "format: 1\nplaybook: pagerduty\nsandbox: {driver: compose, project: ours}\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace whose sandbox is a compose project `ours`; `docker` is one that knows it."""
    folder = tmp_path.resolve() / "shop"
    folder.mkdir()
    (folder / "drills.yaml").write_text(CONFIG, encoding="utf-8")
    (folder / "docker-compose.yml").write_text("services: {}\n", encoding="utf-8")
    monkeypatch.setenv("PATH", f"{docker_command(tmp_path / 'bin', compose='2.29.1')}:/usr/bin:/bin")
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    return folder


@pytest.fixture
def engine(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setattr(containers, "DISK_NEEDED", 1)
    engine = Engine(tmp_path)
    with engine.on_this_machine(tmp_path) as address:
        monkeypatch.setenv("DOCKER_HOST", address)
        yield engine


def checked(home: Path, *, needed: bool = True) -> dict[str, Check]:
    return {check.name: check for check in check_engine(Workspace.load(home), needed=needed)}


def unwell(home: Path) -> dict[str, Check]:
    return {name: check for name, check in checked(home).items() if not check.ok}


@pytest.mark.usefixtures("engine")
def test_an_engine_that_has_all_is_well_in_every_respect(home: Path) -> None:
    checks = checked(home)
    assert all(check.ok for check in checks.values()), checks
    assert list(checks) == [
        *("Docker engine", "Compose", "images", "engine's memory", "engine's disk", "ports", "engine's clock"),
    ]
    assert checks["Docker engine"].says.startswith("version 27.0.1 at unix://")
    assert checks["images"].says == "3 to pull are all there"


def test_an_image_that_is_missing_is_named_with_the_command_that_fetches_it(home: Path, engine: Engine) -> None:
    engine.images = ("postgres:15", "redis:7")
    assert unwell(home) == {"images": Check("images", False, "missing: haproxy:2.6", "docker compose pull")}


def test_of_images_that_are_built_here_it_is_told_what_the_first_up_fetches(home: Path, engine: Engine) -> None:
    (home / "docker-compose.yml").unlink()  # The included one is used then.
    engine.images += ("golang:1.24",)
    check = checked(home)["images"]
    assert check == Check(
        "images",
        True,
        "3 to pull are all there; the first `up` builds drills-shop:ours, drills/toxiproxy:2.12.0: it fetches "
        "python:3.11-slim, their packages from the network",
    )
    engine.images = ("postgres:15", "redis:7", "drills-shop:ours", "python:3.11-slim")
    check = unwell(home)["images"]
    assert check.says == (
        "missing: haproxy:2.6; the first `up` builds drills/toxiproxy:2.12.0: it fetches golang:1.24, their packages "
        "from the network"
    )
    assert check.fix == "docker compose pull"
    engine.images = (*IMAGES, "drills-shop:ours", "drills/toxiproxy:2.12.0")
    assert checked(home)["images"].says == "3 to pull are all there"


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("text", ["", "services:\n  app: {image: 7, build: .}\n", "services: [app]\n"])
def test_a_compose_file_of_another_form_is_left_to_compose(home: Path, text: str) -> None:
    (home / "docker-compose.yml").write_text(text, encoding="utf-8")
    assert checked(home)["images"].says == "3 to pull are all there"


def test_an_image_may_be_built_without_a_dockerfile_that_can_be_read(home: Path, engine: Engine) -> None:
    text = "services:\n  app: {image: mine, build: ./app}\n  tool: {image: 'a:${TAG}', build: .}\n"
    (home / "docker-compose.yml").write_text(text, encoding="utf-8")
    told = "3 to pull are all there; the first `up` builds mine: it fetches {}their packages from the network"
    assert checked(home)["images"].says == told.format("")
    (home / "app").mkdir()
    (home / "app" / "Dockerfile").write_text("# FROM here\nFROM --platform=linux/amd64 alpine:3 AS one\n")
    assert checked(home)["images"].says == told.format("alpine:3, ")
    engine.images += ("alpine:3",)
    assert checked(home)["images"].says == told.format("")


def test_an_engine_with_little_memory_is_told(home: Path, engine: Engine) -> None:
    engine.info["MemTotal"] = 2_000_000_000
    assert unwell(home) == {
        "engine's memory": Check("engine's memory", False, "2.0 GB", "give the engine 3 GB or more")
    }


@pytest.mark.usefixtures("engine")
def test_an_engine_with_little_disk_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "DISK_NEEDED", 2**62)
    (check,) = unwell(home).values()
    assert check.name == "engine's disk"
    assert check.says.endswith("GB free")
    assert "docker system df" in check.fix


@pytest.mark.parametrize("hours", [-1, 1])
def test_an_engine_whose_clock_is_apart_is_told(home: Path, engine: Engine, hours: int) -> None:
    engine.time = datetime.now(UTC) + timedelta(hours=hours)
    (check,) = unwell(home).values()
    assert (check.name, check.fix) == ("engine's clock", "set both clocks by NTP")
    assert 3000 < float(check.says.removesuffix(" s apart from ours")) < 4200


def test_an_engine_that_is_slow_to_answer_has_no_wrong_clock() -> None:
    asked, answered = datetime(2026, 11, 21, 14, 0, 0, tzinfo=UTC), datetime(2026, 11, 21, 14, 0, 9, tzinfo=UTC)
    for told in ("2026-11-21T14:00:08.123456789Z", "2026-11-21T15:00:00.5+01:00", "2026-11-21T14:00:10Z"):
        assert containers._clock(asked, {"SystemTime": told}, answered).ok, told
    assert not containers._clock(asked, {"SystemTime": "2026-11-21T14:00:12Z"}, answered).ok


def test_an_engine_that_cannot_limit_memory_is_told(home: Path, engine: Engine) -> None:
    engine.info["MemoryLimit"] = False
    assert unwell(home)["Docker engine"].says.endswith("which cannot limit memory")


def test_a_project_of_that_name_in_another_folder_is_told_and_left_alone(home: Path, engine: Engine) -> None:
    engine.containers = [{"State": "running", "Labels": {PROJECT: "ours", FOLDER: "/srv/another"}}]
    (check,) = unwell(home).values()
    assert check.name == "project's name"
    assert "belongs to /srv/another; nothing was touched" in check.says
    assert check.fix == "name this workspace's project in drills.yaml"


def test_ports_that_the_sandbox_itself_has_are_not_taken(home: Path, engine: Engine) -> None:
    engine.containers = [{"State": "running", "Labels": {PROJECT: "ours", FOLDER: str(home)}}]
    assert checked(home)["ports"].says == "the sandbox's own containers have them"


@pytest.mark.usefixtures("engine")
def test_a_port_that_is_taken_is_named_and_no_hindrance(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        monkeypatch.setattr(Shop, "ports", (PublishedPort("DRILLS_PORT_APP", port),))
        check = checked(home)["ports"]
        told = f"taken: {port}/tcp (DRILLS_PORT_APP); `drills sandbox up` chooses others, for `docker compose up` "
        assert (check.ok, check.says) == (True, f"{told}name free ones by these variables")
        monkeypatch.setenv("DRILLS_PORT_APP", str(port))
        check = checked(home)["ports"]
    assert (check.ok, check.says) == (False, f"taken, though a variable insists on it: {port}/tcp (DRILLS_PORT_APP)")


@pytest.mark.usefixtures("engine")
def test_a_variable_that_moves_a_taken_port_mends_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other, socket.socket() as another:
        another.bind(("127.0.0.1", 0))
        free = another.getsockname()[1]
        another.close()
        monkeypatch.setattr(Shop, "ports", (PublishedPort("DRILLS_PORT_APP", other.getsockname()[1]),))
        monkeypatch.setenv("DRILLS_PORT_APP", str(free))
        assert checked(home)["ports"].says == "those of the compose file are free"


@pytest.mark.usefixtures("engine")
def test_the_name_servers_port_may_be_taken_for_datagrams_only(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        ports = (PublishedPort("DRILLS_PORT_DNS", port, datagrams=True), PublishedPort("DRILLS_PORT_APP", port))
        monkeypatch.setattr(Shop, "ports", ports)
        assert checked(home)["ports"].says.startswith(f"taken: {port}/udp (DRILLS_PORT_DNS); ")


def test_an_engine_of_another_machine_is_refused_unless_the_workspace_allows_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "DISK_NEEDED", 2**62)  # Ours, which says nothing of that machine's.
    with Engine(tmp_path).elsewhere() as address:
        monkeypatch.setenv("DOCKER_HOST", address)
        (check,) = unwell(home).values()
        assert check.name == "Docker engine"
        assert "allow-remote-engine: true" in check.fix
        (home / "drills.yaml").write_text(CONFIG.replace("ours", "ours, allow-remote-engine: true"), encoding="utf-8")
        assert not unwell(home)
        assert "on another machine" in checked(home)["engine's disk"].says


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("compose", "says"), [("2.3.3", "2.3.3"), ("v2.29.1-desktop.1", ""), (None, "`docker compose` is not installed")]
)
def test_a_compose_that_is_old_or_missing_is_told(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compose: str | None, says: str
) -> None:
    monkeypatch.setenv("PATH", f"{docker_command(tmp_path / 'other', compose=compose)}:/usr/bin:/bin")
    check = checked(home)["Compose"]
    assert check.ok is (says == "")
    assert check.ok or (check.says, "2.20 or newer" in check.fix) == (says, True)


@pytest.mark.usefixtures("engine")
def test_without_the_docker_command_there_is_no_compose(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    told = unwell(home)
    assert told["Compose"] == Check(
        "Compose", False, "the command `docker` is not on PATH", "install Docker's command line"
    )


def test_an_engine_that_is_down_matters_only_to_who_needs_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    (check,) = checked(home).values()
    assert (check.ok, check.fix) == (False, "start the engine, or choose `driver: local`")
    assert "does not answer: No such file" in check.says
    assert checked(home, needed=False)["Docker engine"].says == "none answers: drills use the local sandbox"


def test_who_may_not_use_the_engine_is_told_how_to_be_allowed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(host: str, _path: str) -> None:
        error = PermissionError(errno.EACCES, "Permission denied")
        raise EnvironmentFailed(containers.engine.does_not_answer(host, error)) from error

    monkeypatch.setattr(containers.engine, "ask", forbidden)
    (check,) = checked(home).values()
    assert "you may not use the Docker engine at" in check.says
    fix = "join its group (docker) and log in again, or run the engine rootless"
    assert (check.ok, check.fix) == (False, f"{fix}, or choose `driver: local`")
    told = checked(home, needed=False)["Docker engine"]
    assert (told.ok, told.says) == (
        True,
        f"you may not use it; to be allowed, {fix}: drills use the local sandbox",
    )


@pytest.mark.usefixtures("engine")
def test_a_compose_file_that_is_not_there_is_no_engine_that_is_down(home: Path) -> None:
    (home / "drills.yaml").write_text(CONFIG.replace("ours", "ours, file: shop.yml"), encoding="utf-8")
    (check,) = unwell(home).values()
    assert check.name == "compose file"
    assert "there is no shop.yml" in check.says
