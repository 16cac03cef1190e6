"""A command that somebody typed is kept without its secrets, and stays a command that can be read."""

from __future__ import annotations

import shlex

import pytest

from drills.responders.typed_commands import typed_command, typed_secrets

NAMES = frozenset(("identity_key", "signing_seed", "opaque"))


@pytest.mark.parametrize(
    ("typed", "kept", "secrets"),
    [
        ("drills sandbox set identity_key=X", "drills sandbox set identity_key=•••", {"X"}),
        ("drills sandbox set opaque=a=b pool_size=20", "drills sandbox set opaque=••• pool_size=20", {"a=b"}),
        ("drills sandbox set signing-seed=abc", "drills sandbox set signing-seed=•••", {"abc"}),
        (
            """drills sandbox sql "ALTER ROLE shop PASSWORD 'X'" """,
            """drills sandbox sql 'ALTER ROLE shop PASSWORD '"'"'•••'"'"''""",
            {"X"},
        ),
        ("drills sandbox redis AUTH X", "drills sandbox redis AUTH •••", {"X"}),
        ("drills sandbox redis auth default X", "drills sandbox redis auth default •••", {"X"}),
        ("drills sandbox redis HELLO 3 AUTH app X", "drills sandbox redis HELLO 3 AUTH app •••", {"X"}),
        ("drills sandbox redis CONFIG SET requirepass X", "drills sandbox redis CONFIG SET requirepass •••", {"X"}),
        ("drills sandbox redis ACL SETUSER u on '>X' +get", "drills sandbox redis ACL SETUSER u on '>•••' +get", {"X"}),
        ("drills sandbox redis MIGRATE h 1 k 0 AUTH2 u X", "drills sandbox redis MIGRATE h 1 k 0 AUTH2 u •••", {"X"}),
        ("drills respond note --api-key X", "drills respond note --api-key •••", {"X"}),
        ("drills sandbox sql 'SELECT 1'", "drills sandbox sql 'SELECT 1'", set()),
        ("drills sandbox redis GET auth", "drills sandbox redis GET auth", set()),
    ],
)  # fmt: skip
def test_a_command_is_kept_without_its_secrets(typed: str, kept: str, secrets: set[str]) -> None:
    words = shlex.split(typed)
    assert typed_command(words, NAMES) == kept
    assert set(typed_secrets(words, NAMES)) == secrets
