"""What our process orders, as the subprocess reads it from its standard input. Runs in the subprocess only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from gevent.fileobject import FileObject


def orders() -> Iterator[dict[str, Any]]:
    """Each order as it comes; ends when standard input does, that is with our process."""
    with FileObject(0, "rb", closefd=False) as lines:
        for text in lines:
            yield json.loads(text)
