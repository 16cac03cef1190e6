"""What looks like a secret never becomes evidence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.masking.masking import MASK, mask, secrets_of


@pytest.mark.parametrize(
    "text",
    [
        "password=hunter22",
        "PASSWORD: hunter22",
        '{"password": "hunter22", "user": "x"}',
        "{'api_key': 'hunter22'}",
        'passwd="a hunter22 with spaces"',
        "WEBHOOK_SECRET=hunter22",
        "access-key: hunter22",
        "Authorization: Bearer hunter22.abc",
        "authorization: Basic aHVudGVyMjI6hunter22",
        "curl -H 'authorization: bearer hunter22-token'",
        "postgresql://shop:hunter22@127.0.0.1:5432/shop",
        "redis://:hunter22@127.0.0.1/0",
        "ALTER USER shop PASSWORD 'hunter22'",
        "tool --password hunter22",
        "tool --api-key hunter22 --verbose",
    ],
)
def test_a_secret_is_masked_wherever_it_stands(text: str) -> None:
    masked = mask(text)
    assert "hunter22" not in masked
    assert MASK in masked


def test_what_is_given_as_secret_is_masked_the_longest_first() -> None:
    assert mask("abcd abcdef", secrets=["abcd", "abcdef", "ab", ""]) == f"{MASK} {MASK}"


@pytest.mark.parametrize(
    "text",
    [
        "up in 3.1 s: http://127.0.0.1:20001",
        "127.0.0.1:5432 → 127.0.0.1:5433",
        "12 tokens were used",
        "the password is wrong",
        "SELECT count(*) FROM orders WHERE customer = 42",
    ],
)
def test_ordinary_output_stays(text: str) -> None:
    assert mask(text) == text


def test_colours_of_a_terminal_are_left_out_before_anything_is_looked_for() -> None:
    assert mask("\x1b[31mpass\x1b[0mword=\x1b[1mhunter22\x1b[0m") == f"password={MASK}"


AROUND = st.lists(
    st.sampled_from(
        ["password", "=", ": ", "'", '"', "$$", "\n", "\\", "://", "u:", "@", "AUTH ", "Cookie: ", MASK, " ", "a"]
    ),
    max_size=12,
).map("".join)


@given(AROUND, AROUND)
def test_a_known_secret_never_stays_whatever_stands_around_it(before: str, after: str) -> None:
    secret = "Kf7-lantern/9"
    assert secret not in mask(f"{before}{secret}{after}", (secret,))


def test_secrets_of_the_environment_are_known_by_their_names() -> None:
    environment = {"DEPLOY_TOKEN": "0123456789", "PWD": "/home/somebody", "TOKENIZERS": "false", "HOME": "/home/me"}
    assert secrets_of(environment) == ("0123456789",)


def test_one_very_long_word_takes_no_time() -> None:
    for word in ("x", "-", "a:", "token", "://", "password "):
        mask(word * (300_000 // len(word)))
