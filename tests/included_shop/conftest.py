"""One running sandbox for all tests of this folder; each test finds it as it was brought up."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.included import included_root
from drills.included_shop.compose.driver import ComposeDriver
from drills.included_shop.local.driver import LocalDriver
from drills.included_shop.sandbox import ShopSandbox
from drills.sandbox.compose.engine import engine_host
from drills.sandbox.compose.project import Project
from drills.sandbox.fingerprint import Fingerprint
from drills.sandbox.sandbox import Sandbox
from tests.sandbox.door import door as door


@pytest.fixture(scope="session", params=["local", pytest.param("compose", marks=pytest.mark.engine)])
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, template_cache: Path
) -> Iterator[tuple[Sandbox, Fingerprint]]:
    """A sandbox of each driver, with the state it was brought up in."""
    folder = tmp_path_factory.mktemp("sandbox")
    sandbox: Sandbox
    if request.param == "compose":
        sandbox = ShopSandbox(ComposeDriver(compose_project("drills-conformance"), folder, included_root()))
    else:
        sandbox = ShopSandbox(LocalDriver(folder, included_root(), cache_dir=template_cache))
    try:
        sandbox.up()
        yield sandbox, sandbox.fingerprint()
    finally:
        sandbox.down()


_images: set[str] = set()


@pytest.fixture(scope="session", autouse=True)
def built_images() -> Iterator[None]:
    """The images of the app that projects of this run have built; removed in the end."""
    yield
    if _images and shutil.which("docker"):
        subprocess.run(["docker", "image", "rm", "--force", *_images], capture_output=True)


def compose_project(name: str) -> Project:
    """The included compose file as a project of its own, for this run of the tests only."""
    root = included_root()
    project = Project(f"{name}-{os.getpid()}", root, root / "docker-compose.yml", engine_host())
    _images.add(f"drills-shop:{project.name}")
    return project


@pytest.fixture
def sandbox(running: tuple[Sandbox, Fingerprint]) -> Iterator[Sandbox]:
    shared, pristine = running
    yield shared
    shared.restore(pristine)
