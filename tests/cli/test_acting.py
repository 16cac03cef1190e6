"""What a responder types at the sandbox becomes evidence, without the secrets in it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from drills.app.access import TERMINAL
from drills.app.context import Context
from drills.app.sandbox.acting import KEPT
from drills.cli.acting import action
from drills.model.events import ActionTaken, ResponderKind, event_to_json
from drills.store.holder import hold
from drills.store.store import Store
from drills.workspace.workspace import Workspace


def recorded(folder: Path, monkeypatch: pytest.MonkeyPatch, typed: list[str], printed: str) -> ActionTaken:
    """The event of a command that was typed while a drill runs on a sandbox that is down."""
    (folder / "drills.yaml").write_text("format: 1\nplaybook: fastapi\nsandbox: {driver: local}\n", encoding="utf-8")
    workspace = Workspace.load(folder)
    store = Store.open(workspace.store_url)
    drill = store.begin_drill(scenario="x", sandbox="default", responder=ResponderKind.PERSON)
    monkeypatch.setattr(sys, "argv", ["drills", *typed])
    with hold(workspace.state_dir, "default", "a drill"), action(Context(workspace, TERMINAL), read_only=False):
        print(printed)
    (event,) = store.events(drill.drill_id)
    store.close()
    assert isinstance(event, ActionTaken)
    return event


def test_a_remedy_is_kept_without_the_secret_that_was_typed_and_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = ["sandbox", "set", "identity_key=kingfisher"]
    event = recorded(tmp_path, monkeypatch, typed, "set identity_key to kingfisher")
    assert event.command == "drills sandbox set identity_key=•••"
    assert event.output == "set identity_key to •••"


def test_the_keys_that_the_sandbox_knows_are_kept_out_of_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = recorded(tmp_path, monkeypatch, ["sandbox", "provider", "keys"], "identity  sandbox-identity-key")
    assert event.output == "identity  •••"


def test_a_secret_across_the_cut_of_a_long_output_leaves_no_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "x" * (KEPT - 8) + " sandbox-identity-key"
    event = recorded(tmp_path, monkeypatch, ["sandbox", "logs"], long)
    assert "sandbox-" not in event_to_json(event)
