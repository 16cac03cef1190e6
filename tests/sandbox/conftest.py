"""One running sandbox for all tests of this folder; each test finds it as it was brought up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.included import included_root
from drills.sandbox.compose.engine import engine_host
from drills.sandbox.compose.project import Project
from drills.sandbox.compose.sandbox import ComposeSandbox
from drills.sandbox.local.sandbox import LocalSandbox
from drills.sandbox.protocol import Fingerprint, Sandbox


@pytest.fixture(scope="session")
def template_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the seeded database is kept, so that it is made once."""
    return tmp_path_factory.mktemp("template-cache")


@pytest.fixture(scope="session", params=["local", pytest.param("compose", marks=pytest.mark.engine)])
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, template_cache: Path
) -> Iterator[tuple[Sandbox, Fingerprint]]:
    """A sandbox of each driver, with the state it was brought up in."""
    folder = tmp_path_factory.mktemp("sandbox")
    sandbox: Sandbox
    if request.param == "compose":
        sandbox = ComposeSandbox(compose_project("drills-conformance"), folder, included_root())
    else:
        sandbox = LocalSandbox(folder, included_root(), cache_dir=template_cache)
    sandbox.up()
    try:
        yield sandbox, sandbox.fingerprint()
    finally:
        sandbox.down()


def compose_project(name: str) -> Project:
    """The included compose file as a project of its own, for this run of the tests only."""
    root = included_root()
    return Project(f"{name}-{os.getpid()}", root, root / "docker-compose.yml", engine_host())


@pytest.fixture
def sandbox(running: tuple[Sandbox, Fingerprint]) -> Iterator[Sandbox]:
    shared, pristine = running
    yield shared
    shared.restore(pristine)
