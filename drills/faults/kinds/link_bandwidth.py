"""A link carries little."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from drills.faults.link_fault import ToxicFault


class LinkBandwidth(ToxicFault):
    """`{kind: link-bandwidth, link: app-database, rate: 20}`; the rate is in KB/s, as in Toxiproxy."""

    kind: ClassVar[str] = "link-bandwidth"
    toxic_type: ClassVar[str] = "bandwidth"

    rate: Annotated[int, Field(ge=1, description="KB/s")]

    def summary(self) -> str:
        return f"limit link {self.link} to {self.rate} KB/s"

    def attributes(self) -> Mapping[str, int]:
        return {"rate": self.rate}
