"""The external API is blocked, as by a firewall that drops: requests hang, then fail by the app's own timeout."""

from __future__ import annotations

from typing import ClassVar

from drills.faults.kinds.link_timeout import LinkTimeout
from drills.faults.names import LinkName
from drills.included_shop.names import Link


class ExternalApiBlocked(LinkTimeout):
    """`{kind: external-api-blocked}`"""

    kind: ClassVar[str] = "external-api-blocked"

    link: LinkName = Link.APP_EXTERNAL_API.value

    def summary(self) -> str:
        return "block the external API"
