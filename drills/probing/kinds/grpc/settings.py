"""The settings of a grpc probe."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from drills.probing.net.server_url import host_and_port
from drills.probing.settings_model import ForOthers, SettingsModel, is_filled

_KEY = re.compile(r"[0-9a-z_.-]+")
#: What a call sets itself.
_TAKEN = frozenset({"te", "content-type", "user-agent", "host"})


def _checked_key(name: str) -> str:
    if not _KEY.fullmatch(name):
        raise ValueError(f"{name!r} is not a name of metadata; write small letters, digits, '-', '_' and '.'")
    if name.startswith("grpc-") or name in _TAKEN:
        raise ValueError(f"{name} is set by the call itself; leave it out")
    return name


def _checked_value(value: str) -> str:
    if not (value.isascii() and value.isprintable()):
        raise ValueError("a value of metadata is one line of plain ASCII; write others as base64 under a name in -bin")
    return value


class GrpcSettings(SettingsModel):
    """One call of the gRPC health checking protocol (grpc.health.v1.Health/Check)."""

    for_others: ClassVar[ForOthers] = ForOthers.ALWAYS
    names = frozenset({"time", "code", "message", "serving"})

    address: str = Field(description="host:port, or any URL with a host and a port.")
    service: str = Field("", max_length=1024, description="Whose health is asked for; empty: the whole server's.")
    metadata: dict[Annotated[str, AfterValidator(_checked_key)], Annotated[str, AfterValidator(_checked_value)]] = (
        Field(default_factory=dict, description="Sent along, such as `authorization`.")
    )
    tls: bool = Field(False, description="Speak TLS; so does a probe with `ca` or `server-name`.")
    server_name: str | None = Field(None, description="The name asked for; absent: the address's host.")
    ca: str | None = Field(None, description="File of certificates to trust instead of the system's.")
    verify: bool = Field(True, description="Refuse invalid certificates.")

    @field_validator("address")
    @classmethod
    def _is_one(cls, address: str) -> str:
        if is_filled(address):
            host_and_port(address)
        return address

    @field_validator("verify")
    @classmethod
    def _means_something(cls, verify: bool, info: ValidationInfo) -> bool:
        if not verify and info.data.get("ca"):
            raise ValueError("with 'ca', certificates are checked; leave one of both out")
        return verify

    @property
    def speaks_tls(self) -> bool:
        return self.tls or self.ca is not None or self.server_name is not None or not self.verify
