"""A system that workspaces may have without declaring its services: what the rest of the program asks of it.

It is added by one line, as kinds of faults, probes and adapters are (see `drills.sandbox.systems`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drills.sandbox.capabilities.capability import Capability
    from drills.sandbox.choice import SandboxPlace
    from drills.sandbox.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Opening:
    """What a workspace says of the sandbox that is to be opened.

    `cache` is a folder for what is slow to make and may be lost.
    """

    place: SandboxPlace
    cache: Path
    allow_remote_engine: bool = False


class System:
    """One class for each system, without state and quick to load: lists and help texts ask it too."""

    def open(self, opening: Opening) -> Sandbox:
        """Its sandbox, running or not. Raises BadInput for what the workspace says wrongly of it."""
        raise NotImplementedError

    def unavailable(self, driver: str) -> Mapping[Capability, str]:  # noqa: ARG002 - for those that depend on it
        """Why, in a few words, for each capability that is known to be lacking without opening the sandbox."""
        return {}
