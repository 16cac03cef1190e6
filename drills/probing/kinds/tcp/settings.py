"""What is written about a `tcp` probe."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from drills.probing.settings_model import ForOthers, SettingsModel


class TcpSettings(SettingsModel):
    """One connection; optionally something sent, and something expected in the answer."""

    for_others: ClassVar[ForOthers] = ForOthers.ALWAYS
    names = frozenset({"time", "answer"})

    address: str = Field(description="host:port, or any URL with a host and a port.")
    send: str | None = None
    expect: str | None = Field(None, description="Text that the answer must contain.")
    tripwire: bool = False
