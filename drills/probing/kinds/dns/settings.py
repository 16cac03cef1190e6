"""What is written about a `dns` probe."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from drills.probing.settings_model import ForOthers, SettingsModel


class DnsSettings(SettingsModel):
    """One question to one DNS server."""

    for_others: ClassVar[ForOthers] = ForOthers.ALWAYS
    names = frozenset({"answers", "rcode", "time"})

    server: str = Field(description="host:port of the DNS server: ${dns}.")
    name: str
    type: Literal["A", "AAAA", "CNAME", "MX", "NS", "TXT", "SRV", "SOA", "CAA", "PTR"] = "A"
    expect: tuple[str, ...] = Field((), description="All the answers that are right, in any order; empty: any.")
