"""Names: bounded, timed, and honest about whose fault it is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from drills.probing.net.resolver import NameNotResolved, Resolved, Resolver, ResolverBusy


def test_an_address_is_not_looked_up_and_has_no_time() -> None:
    def never(_: str) -> Sequence[str]:
        raise AssertionError

    resolver = Resolver(lookup=never)
    assert asyncio.run(resolver.resolve("127.0.0.1", 1)) == Resolved(("127.0.0.1",), None)
    assert asyncio.run(resolver.resolve("[::1]", 1)) == Resolved(("::1",), None)


def test_a_name_is_looked_up_and_timed() -> None:
    resolver = Resolver(lookup=lambda _: ["10.0.0.1", "10.0.0.2"])
    found = asyncio.run(resolver.resolve("shop.test", 5))
    assert found.addresses == ("10.0.0.1", "10.0.0.2")
    assert found.seconds is not None
    resolver.close()


def test_a_lookup_that_hangs_fails_and_one_that_could_not_begin_is_the_probers_own_want() -> None:
    release = threading.Event()

    def hang(_: str) -> Sequence[str]:
        release.wait(30)
        return ["10.0.0.1"]

    async def ask() -> list[type[BaseException]]:
        resolver = Resolver(threads=2, lookup=hang)
        asked = [asyncio.create_task(resolver.resolve(f"host-{n}.test", 0.2)) for n in range(4)]
        ended = await asyncio.gather(*asked, return_exceptions=True)
        release.set()
        again = await resolver.resolve("later.test", 10)
        assert again.addresses == ("10.0.0.1",)
        resolver.close()
        return [type(one) for one in ended]  # type: ignore[misc]

    assert asyncio.run(ask()) == [NameNotResolved, NameNotResolved, ResolverBusy, ResolverBusy]


def test_a_text_that_is_no_name_is_told_in_one_line() -> None:
    with pytest.raises(NameNotResolved, match="is not a name"):
        asyncio.run(Resolver().resolve("a" * 300 + ".test", 5))
