"""What a sandbox was given or keeps as secret is known, and stays known when it has been changed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.compose.project import Project
from drills.sandbox.declared.declaration import Adapter, DeclaredService
from drills.sandbox.declared.sandbox import DeclaredSandbox
from drills.sandbox.known_secrets import KnownSecrets
from drills.sandbox.sandbox import Sandbox
from drills.workspace.sandbox import open_sandbox
from drills.workspace.workspace import Workspace
from tests.workspace.sample import FILES, write_workspace


def test_present_former_and_first_values_are_known() -> None:
    settings: dict[str, Any] = {"identity_key": "first-change", "pool_size": "10", "webhook_secret": ""}
    names = frozenset(("identity_key", "webhook_secret"))
    held = SimpleNamespace(secret=names, values=lambda: settings)
    sandbox = SimpleNamespace(capabilities=frozenset(Capability), settings=held, secrets=frozenset({"given"}))
    known = KnownSecrets(cast(Sandbox, sandbox))
    first = set(known())
    settings["identity_key"] = "second-change"
    assert first == {"first-change", "given"}
    assert set(known()) == first | {"second-change"}


def test_the_included_system_knows_the_values_that_it_begins_with(tmp_path: Path) -> None:
    first = open_sandbox(Workspace.load(write_workspace(tmp_path, FILES))).secrets
    assert {"sandbox-identity-key", "sandbox-webhook-secret"} <= first


def test_passwords_that_drills_yaml_takes_from_variables_are_known(tmp_path: Path, monkeypatch: Any) -> None:
    declared = {
        "db": DeclaredService(adapter=Adapter.POSTGRES, password_from="env:DB_WORD"),
        "other": DeclaredService(adapter=Adapter.POSTGRES, password_from="env:UNSET"),
        "web": DeclaredService(),
    }
    monkeypatch.setenv("DB_WORD", "s3cret-of-db")
    project = Project("secrets", tmp_path, tmp_path / "compose.yaml", "unix:///nowhere.sock")
    assert DeclaredSandbox(project, tmp_path / ".drills", declared).secrets == {"s3cret-of-db"}
