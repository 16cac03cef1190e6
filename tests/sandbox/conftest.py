"""One running sandbox for all tests of this folder; each test finds it as it was brought up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.included import included_root
from drills.sandbox.local.sandbox import LocalSandbox
from drills.sandbox.protocol import Fingerprint, Sandbox


@pytest.fixture(scope="session")
def template_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the seeded database is kept, so that it is made once."""
    return tmp_path_factory.mktemp("template-cache")


@pytest.fixture(scope="session", params=["local"])
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, template_cache: Path
) -> Iterator[tuple[Sandbox, Fingerprint]]:
    """A sandbox of each driver, with the state it was brought up in."""
    assert request.param == "local"
    sandbox = LocalSandbox(tmp_path_factory.mktemp("sandbox"), included_root(), cache_dir=template_cache)
    sandbox.up()
    try:
        yield sandbox, sandbox.fingerprint()
    finally:
        sandbox.down()


@pytest.fixture
def sandbox(running: tuple[Sandbox, Fingerprint]) -> Iterator[Sandbox]:
    shared, pristine = running
    yield shared
    shared.restore(pristine)
