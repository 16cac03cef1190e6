from __future__ import annotations

import random

import pytest

from shop.releases import BUNDLE_RATES, INITIAL, RELEASES, Priced, release_of
from shop.schema import NOUNS, products


def test_a_sandbox_starts_with_a_good_release_that_has_a_predecessor() -> None:
    versions = [release.version for release in RELEASES]
    assert versions.index(INITIAL) == 1
    cart = [Priced(category, 1000) for category in NOUNS]
    assert release_of("1.0.0").total_cents(cart) == release_of("1.1.0").total_cents(cart) == 8000


def test_the_bad_release_fails_some_checkouts_and_serves_the_others() -> None:
    chance = random.Random(7)
    catalogue = [Priced(category, price) for _id, _name, category, price, _popularity in products()]
    failed = 0
    for _ in range(2000):
        try:
            release_of("1.2.0").total_cents(chance.sample(catalogue, chance.choice([1, 2])))
        except KeyError:
            failed += 1
    assert 0.25 < failed / 2000 < 0.45


def test_the_bad_release_meets_a_category_that_nobody_gave_a_rate() -> None:
    assert set(BUNDLE_RATES) < set(NOUNS)
    with pytest.raises(KeyError, match="toys"):
        release_of("1.2.0").total_cents([Priced("toys", 1000)])


def test_no_summary_tells_what_is_wrong_with_a_release() -> None:
    telling = {"leak", "memory", "connection", "pool", "bug", "slow"}
    assert [release.summary for release in RELEASES if telling & set(release.summary.lower().split())] == []


def test_the_releases_that_run_for_long_keep_nothing() -> None:
    for version in ("1.0.0", INITIAL, "1.2.0"):
        assert (release_of(version).kept_connection_every, release_of(version).kept_bytes) == (0, 0)


def test_an_unknown_release_is_refused() -> None:
    with pytest.raises(KeyError):
        release_of("9.9.9")
