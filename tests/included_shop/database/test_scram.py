"""A password is told from another by what PostgreSQL keeps of it."""

from __future__ import annotations

import pytest

from drills.included_shop.database.scram import fits

#: Of the example in RFC 7677: password pencil, 4096 rounds.
VERIFIER = (
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ=="
    "$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
)


def test_the_password_of_the_standards_example_fits_and_no_other_does() -> None:
    assert fits(VERIFIER, "pencil")
    assert not fits(VERIFIER, "pencils")
    assert not fits(VERIFIER, "")


@pytest.mark.parametrize(
    "verifier", ["", "None", "md5a3556571e93b0d20722ba62be61e8c2d", "SCRAM-SHA-256$x:y$z:w", "a$b$c"]
)
def test_nothing_fits_what_is_no_verifier(verifier: str) -> None:
    assert not fits(verifier, "pencil")
