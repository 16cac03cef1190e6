from __future__ import annotations

import asyncio

import pytest

from shop.errors import ExternalApiFailed
from shop.recommendations import Recommendations


class Provider:
    """Gives another product each time; counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.broken = False
        self.now = 0.0

    async def ask(self) -> list[int]:
        self.asked += 1
        if self.broken:
            raise ExternalApiFailed("429 Too Many Requests")
        return [self.asked]


def test_without_a_cache_every_page_asks() -> None:
    provider = Provider()
    recommendations = Recommendations(provider.ask, 0)
    assert [asyncio.run(recommendations.ids()) for _ in range(3)] == [[1], [2], [3]]


def test_what_is_kept_is_shown_until_its_time_is_over() -> None:
    provider = Provider()
    recommendations = Recommendations(provider.ask, 30, lambda: provider.now)
    assert [asyncio.run(recommendations.ids()) for _ in range(3)] == [[1], [1], [1]]
    provider.now = 31
    assert asyncio.run(recommendations.ids()) == [2]


def test_older_recommendations_are_better_than_none() -> None:
    provider = Provider()
    recommendations = Recommendations(provider.ask, 30, lambda: provider.now)
    provider.broken = True
    with pytest.raises(ExternalApiFailed):
        asyncio.run(recommendations.ids())
    provider.broken, provider.now = False, 2.0
    assert asyncio.run(recommendations.ids()) == [2]
    provider.broken, provider.now = True, 40.0
    assert asyncio.run(recommendations.ids()) == [2]
