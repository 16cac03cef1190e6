"""A sandbox's state file, read without the models of `drills.sandbox.state`, which are slow to load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from drills.text_files import UnreadableFile, read_text


def read_plain(file: Path) -> dict[str, Any]:
    """What is kept there; empty when there is nothing, or nothing that can be read."""
    try:
        kept = json.loads(read_text(file))
    except (UnreadableFile, ValueError, RecursionError):
        return {}
    return kept if isinstance(kept, dict) else {}
