from __future__ import annotations

from pathlib import Path

import pytest

from drills.errors import BadInput
from drills.sandbox.local.sandbox import LocalSandbox
from drills.sandbox.open import open_sandbox
from drills.workspace.config import Driver, SandboxConfig
from drills.workspace.workspace import Workspace


def workspace(root: Path, sandbox: SandboxConfig) -> Workspace:
    (root / "drills.yaml").write_text(
        f"playbook: fastapi\nsandbox: {{driver: {sandbox.driver}, name: {sandbox.name}}}\n"
    )
    return Workspace.load(root)


def test_sandboxes_of_different_names_share_a_workspace_and_nothing_else(tmp_path: Path) -> None:
    one, other = (open_sandbox(workspace(tmp_path, SandboxConfig(name=name))) for name in ("one", "other"))
    assert isinstance(one, LocalSandbox)
    assert isinstance(other, LocalSandbox)
    assert (one.name, other.name) == ("one", "other")
    assert one._layout.root != other._layout.root
    assert one._store.identity != other._store.identity
    assert one._cache_dir == other._cache_dir


def test_a_driver_that_is_not_known_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"drills\.yaml: sandbox\.driver: 'compose' is not known; write local"):
        open_sandbox(workspace(tmp_path, SandboxConfig(driver=Driver.COMPOSE)))
