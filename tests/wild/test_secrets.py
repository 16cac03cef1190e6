"""Texts with secrets of the kinds that are typed and printed in incidents: what is kept of each."""

from __future__ import annotations

import pytest

from drills.masking.masking import mask
from tests.wild.cases import Case, cases_of


@pytest.mark.parametrize("case", cases_of("secrets"))
def test_a_text_is_kept_without_its_secrets(case: Case) -> None:
    kept = [mask(text, case.given.get("known", ())) for text in case.given["given"]]
    assert kept == case.right


@pytest.mark.parametrize("case", cases_of("secrets"))
def test_what_was_masked_is_masked_already(case: Case) -> None:
    assert [mask(text) for text in case.right] == case.right
