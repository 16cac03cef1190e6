"""What people type, as it can be stored in any database."""

from __future__ import annotations

from drills.errors import BadInput
from drills.model.visible import visible

#: Characters; Linux takes no longer argument.
LONGEST = 128 * 1024


def plain(text: str, what: str) -> str:
    """The text without blanks at its ends, and with all that it holds to be seen.

    Raises BadInput, which names `what`, when it is too long.
    """
    if len(text) > LONGEST:
        raise BadInput(f"{what}: it has {len(text):,} characters; write at most {LONGEST:,}, and where the rest is")
    return visible(text).strip()
