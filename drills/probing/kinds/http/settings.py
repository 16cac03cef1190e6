"""What is written about an `http` probe."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from drills.probing.settings_model import ForOthers, Headers, SettingsModel, Url


class HttpSettings(SettingsModel):
    """One request over a fresh connection."""

    for_others: ClassVar[ForOthers] = ForOthers.ALWAYS
    names = frozenset({"status", "time", "body", "json", "headers", "url", "version"})
    #: As for a journey's steps, and as other tools have it: an error page is no sign of health.
    unless_asserted: ClassVar[tuple[str, ...]] = ("status < 400",)

    url: Url
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = "GET"
    headers: Headers = Field(default_factory=dict)
    body: str | None = None
    json_: dict[str, object] | None = Field(None, description="Sent as JSON, with its content type.")
    redirects: int = Field(0, ge=0, le=20, description="How many redirects are followed; 0: a redirect is an answer.")
    http2: bool = Field(False, description="Insist on HTTP/2.")
    verify: bool = Field(True, description="Refuse invalid certificates.")
    ca: str | None = Field(None, description="File of certificates to trust instead of the system's.")
    dns: str | None = Field(None, description="DNS server (host:port) to ask for the name's address: ${dns}.")
    body_limit: int = Field(1_048_576, ge=1, description="Bytes; a longer answer is stopped and fails.")
    tripwire: bool = Field(False, description="Hold a connection open; check at once when it breaks.")
