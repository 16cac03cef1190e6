"""Resets the connections of a link (TCP RST), including new ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from drills.faults.link_fault import ToxicFault, milliseconds
from drills.model.durations import Duration


class LinkReset(ToxicFault):
    """`{kind: link-reset, link: web-cache, after: 100ms}`"""

    kind: ClassVar[str] = "link-reset"
    toxic_type: ClassVar[str] = "reset_peer"

    after: Duration = timedelta(0)

    def summary(self) -> str:
        return f"reset the connections of link {self.link}"

    def attributes(self) -> Mapping[str, int]:
        return {"timeout": milliseconds(self.after)}
