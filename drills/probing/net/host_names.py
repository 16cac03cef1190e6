"""Names of hosts in the one form in which DNS and certificates compare them."""

from __future__ import annotations

from drills.probing.net.urls import in_ascii


def ascii_name(host: str) -> str:
    """Small letters, A-labels, no dot at the end: `München.x.` is `xn--mnchen-3ya.x`.

    Raises ValueError for what no host can be called.
    """
    name = host.removesuffix(".")
    return name.lower() if name.isascii() else in_ascii(name).lower()
