"""A link swallows what is sent: nothing comes through, and connections stay open."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from drills.faults.link_fault import ToxicFault, milliseconds
from drills.model.durations import Duration


class LinkTimeout(ToxicFault):
    """`{kind: link-timeout, link: app-database, after: 10s}`; connections are closed `after` that time, 0s: never."""

    kind: ClassVar[str] = "link-timeout"
    toxic_type: ClassVar[str] = "timeout"

    after: Duration = timedelta(0)

    def summary(self) -> str:
        return f"let nothing through link {self.link}"

    def attributes(self) -> Mapping[str, int]:
        return {"timeout": milliseconds(self.after)}
