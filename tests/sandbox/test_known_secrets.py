"""What the sandbox knows as secret stays known when it has been changed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.known_secrets import KnownSecrets
from drills.sandbox.sandbox import Sandbox


def test_present_former_and_first_values_are_known() -> None:
    settings: dict[str, Any] = {"identity_key": "first-change", "pool_size": "10", "webhook_secret": ""}
    names = frozenset(("identity_key", "webhook_secret"))
    held = SimpleNamespace(secret=names, values=lambda: settings)
    known = KnownSecrets(cast(Sandbox, SimpleNamespace(capabilities=frozenset(Capability), settings=held)))
    first = set(known())
    settings["identity_key"] = "second-change"
    assert first == {"first-change", "sandbox-identity-key", "sandbox-webhook-secret"}
    assert set(known()) == first | {"second-change"}
