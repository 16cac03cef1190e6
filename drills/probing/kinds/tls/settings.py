"""What is written about a `tls` probe."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from drills.probing.settings_model import ForOthers, SettingsModel


class TlsSettings(SettingsModel):
    """One handshake, and what the certificate is worth."""

    for_others: ClassVar[ForOthers] = ForOthers.ALWAYS
    names = frozenset({"certificate", "chain_ok", "name_ok", "protocol", "cipher", "time"})

    address: str = Field(description="host:port, or any URL with a host and a port.")
    server_name: str | None = Field(None, description="The name asked for; absent: the address's host.")
    ca: str | None = Field(None, description="File of certificates to trust instead of the system's.")
    minimum_version: Literal["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] = "TLSv1.2"
    verify: bool = Field(True, description="Fail for a certificate that users would refuse; false: assertions judge.")
