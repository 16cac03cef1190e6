"""Drops all data on a link: nothing comes through, and connections stay open."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from pydantic import Field

from drills.faults.link_fault import ToxicFault, milliseconds
from drills.model.durations import Duration


class LinkTimeout(ToxicFault):
    """`{kind: link-timeout, link: web-db, after: 10s}`"""

    kind: ClassVar[str] = "link-timeout"
    toxic_type: ClassVar[str] = "timeout"

    after: Duration = Field(timedelta(0), description="Time after which connections are closed; 0s: never.")

    def summary(self) -> str:
        return f"let nothing through link {self.link}"

    def attributes(self) -> Mapping[str, int]:
        return {"timeout": milliseconds(self.after)}
