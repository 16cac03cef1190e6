"""The ids of the products that the home page recommends, kept for a while when an operator says so."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from shop.errors import ExternalApiFailed, ExternalApiTooSlow
from shop.logs import log

#: How long others go on with what is kept while one asks again.
_ASKING_SECONDS = 1.0


class Recommendations:
    """Asks each time when `kept_for` (seconds) is 0; otherwise what is kept also outlives failures of the provider."""

    def __init__(
        self,
        ask: Callable[[], Awaitable[list[int]]],
        kept_for: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._kept_for = kept_for
        self._clock = clock
        self._kept: list[int] | None = None
        self._good_until = 0.0

    async def ids(self) -> list[int]:
        """Raises ExternalApiFailed or ExternalApiTooSlow when nothing is kept."""
        if not self._kept_for:
            return await self._ask()
        if self._kept is not None and self._clock() < self._good_until:
            return self._kept
        self._good_until = self._clock() + _ASKING_SECONDS
        try:
            self._kept = await self._ask()
        except (ExternalApiFailed, ExternalApiTooSlow) as error:
            if self._kept is None:
                raise
            log("warning", "older recommendations shown", error=str(error))
        else:
            self._good_until = self._clock() + self._kept_for
        return self._kept
