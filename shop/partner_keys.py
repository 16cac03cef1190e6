"""The partners' API keys: what they look like, and how they are kept.

A key is its id, a dot, and a secret; the database knows the id and the SHA-256 of the whole, as long random keys need
no slower hash. Only the standard library is imported here: a drill reads `PARTNERS` too, to play a thief of a key.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Partner:
    key_id: str
    name: str
    key: str


#: The partners of a sandbox that has just been made (migration 0003); their keys guard nothing outside of it.
PARTNERS: tuple[Partner, ...] = (
    Partner("pk_harbour", "Harbour Logistics", "pk_harbour.hn7Jq2wV5tXc9sRb4mKd8pLz"),
    Partner("pk_lantern", "Lantern Price Comparison", "pk_lantern.Yf3Gk6uPz1nWe8hTa5vQx2Cr"),
)


def key_id_of(key: str) -> str:
    """What names a key without giving it away; empty when the text is no key."""
    key_id, dot, secret = key.partition(".")
    return key_id if dot and secret and key_id.startswith("pk_") and len(key_id) <= 64 else ""


def key_hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
