"""When something that grows will be full."""

from __future__ import annotations

import math

from drills.probing.kinds.container.growth import Growth


def test_what_grows_steadily_is_full_when_the_rest_has_been_filled_at_that_pace() -> None:
    growth = Growth()
    assert growth.full_in(0.0, 100, 1000) == math.inf, "one reading is no trend"
    assert growth.full_in(10.0, 200, 1000) == 80.0
    assert growth.full_in(20.0, 300, 1000) == 70.0


def test_what_does_not_grow_is_never_full() -> None:
    growth = Growth()
    growth.full_in(0.0, 500, 1000)
    assert growth.full_in(5.0, 500, 1000) == math.inf
    assert growth.full_in(9.0, 400, 1000) == math.inf


def test_only_the_last_window_counts() -> None:
    growth = Growth(window=10.0)
    growth.full_in(0.0, 0, 1000)
    growth.full_in(5.0, 500, 1000)
    assert growth.full_in(15.0, 500, 1000) == math.inf


def test_what_is_full_is_full_now() -> None:
    growth = Growth()
    growth.full_in(0.0, 900, 1000)
    assert growth.full_in(1.0, 1000, 1000) == 0.0
