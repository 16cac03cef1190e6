"""The shop's releases: what can be deployed, and how each prices a bundle.

Only the standard library is imported here: the sandbox reads `RELEASES` too, to know what can be deployed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: Discount on a product that is bought in a bundle, by category. Garden and toys joined the catalogue later, and
#: nobody added them here: this is what release 1.2.0 stumbles over.
BUNDLE_RATES = {"kitchen": 0.05, "office": 0.05, "bedroom": 0.10, "bath": 0.05, "lighting": 0.08, "storage": 0.10}


@dataclass(frozen=True, slots=True)
class Priced:
    """A product as far as its price is concerned."""

    category: str
    price_cents: int


def _plain(products: Sequence[Priced]) -> int:
    return sum(product.price_cents for product in products)


def _with_bundle_rates(products: Sequence[Priced]) -> int:
    return sum(round(product.price_cents * (1 - BUNDLE_RATES[product.category])) for product in products)


@dataclass(frozen=True, slots=True)
class Release:
    """One version of the shop. `total_cents` prices a checkout, and the first hit of a search.

    `kept_connection_every`: of so many lists of orders one does not give its database connection back; 0: all do.
    `kept_bytes`: what each request of a user leaves in memory for good.
    """

    version: str
    summary: str
    total_cents: Callable[[Sequence[Priced]], int]
    kept_connection_every: int = 0
    kept_bytes: int = 0


#: In the order in which they were made.
RELEASES: tuple[Release, ...] = (
    Release("1.0.0", "First release", _plain),
    Release("1.1.0", "Recommendations on the home page", _plain),
    Release("1.2.0", "Bundle prices at checkout and in search", _with_bundle_rates),
    Release("1.3.0", "Order history loads page by page", _plain, kept_connection_every=14),
    Release("1.4.0", "Suggestions from what a visitor looked at", _plain, kept_bytes=5 * 2**19),
)

#: What runs in a sandbox that has just been started.
INITIAL = "1.1.0"


def release_of(version: str) -> Release:
    """Raises KeyError for an unknown version."""
    return {release.version: release for release in RELEASES}[version]
