"""A store for each test, and one real sandbox for all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.included import included_root
from drills.included_shop.local.driver import LocalDriver
from drills.included_shop.sandbox import ShopSandbox
from drills.store.store import Store


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """The folder of a workspace, for processes that bear its name."""
    (tmp_path / ".drills").mkdir()
    return tmp_path


@pytest.fixture
def store(workspace: Path) -> Iterator[Store]:
    opened = Store.open(f"sqlite:///{workspace}/.drills/drills.db")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def sandbox_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sandbox-of-faults")


@pytest.fixture(scope="session")
def sandbox(sandbox_folder: Path, template_cache: Path) -> Iterator[ShopSandbox]:
    """A real one, running; every test leaves it as it was."""
    local = ShopSandbox(LocalDriver(sandbox_folder, included_root(), "faults", cache_dir=template_cache))
    local.up()
    yield local
    local.down()
