"""What people type, as it can be stored in any database and shown on any terminal."""

from __future__ import annotations

import re

#: All control characters but tab and line feed: a message must not move the cursor of whoever reads it.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """The text without control characters, and with `?` for bytes of the command line that were no UTF-8."""
    return _CONTROLS.sub("", text.encode("utf-8", errors="replace").decode("utf-8")).strip()
