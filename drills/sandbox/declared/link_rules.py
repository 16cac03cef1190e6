"""What can be wrong with a declared link before anything runs."""

from __future__ import annotations

from collections.abc import Mapping

from drills.nearest import suggest
from drills.sandbox.declared.declaration import Act, DeclaredLink, DeclaredService


def refusal(links: Mapping[str, DeclaredLink], services: Mapping[str, DeclaredService], link: str) -> str | None:
    """Why drills may not disturb that link; None when they may."""
    if link not in links:
        return f"there is no link {link!r} in drills.yaml, sandbox.links; {suggest(link, links)}"
    caller = links[link].from_
    if caller in services and Act.CUT in services[caller].may:
        return None
    return f"drills.yaml: sandbox.services.{caller}.may does not name cut; add it there if its links may be disturbed"
