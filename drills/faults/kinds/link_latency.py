"""Delays what a link carries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from drills.faults.link_fault import ToxicFault, milliseconds
from drills.model.durations import Duration, humane


class LinkLatency(ToxicFault):
    """`{kind: link-latency, link: web-db, latency: 500ms, jitter: 50ms}`"""

    kind: ClassVar[str] = "link-latency"
    toxic_type: ClassVar[str] = "latency"
    trial = {"latency": "300ms"}

    latency: Duration
    jitter: Duration = timedelta(0)

    def summary(self) -> str:
        return f"delay link {self.link} by {humane(self.latency.total_seconds())}"

    def attributes(self) -> Mapping[str, int]:
        return {"latency": milliseconds(self.latency), "jitter": milliseconds(self.jitter)}
