"""Limits the bandwidth of a link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from drills.faults.link_fault import ToxicFault


class LinkBandwidth(ToxicFault):
    """`{kind: link-bandwidth, link: web-db, rate: 20}`"""

    kind: ClassVar[str] = "link-bandwidth"
    toxic_type: ClassVar[str] = "bandwidth"
    trial = {"rate": 20}

    rate: Annotated[int, Field(ge=1, description="KB/s, as in Toxiproxy.")]

    def summary(self) -> str:
        return f"limit link {self.link} to {self.rate} KB/s"

    def attributes(self) -> Mapping[str, int]:
        return {"rate": self.rate}
