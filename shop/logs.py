"""Structured logs: one JSON object on one line for each request and each notable event."""

from __future__ import annotations

import json
import logging
import math
import sys
import time
from datetime import UTC, datetime

#: Fields of every line of this process, after the line's own.
ALWAYS: dict[str, object] = {}


def log(level: str, message: str, **fields: object) -> None:
    """Write one line with `time` (UTC), `level`, `message` and the fields, at once, so that replicas do not mix."""
    line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": level, "message": message, **fields}
    line |= ALWAYS
    sys.stdout.write(json.dumps(line, separators=(",", ":"), default=str) + "\n")
    sys.stdout.flush()


class Forwarded(logging.Handler):
    """Warnings of a library, as lines of ours; `last` is the latest one and when it came (monotonic)."""

    def __init__(self, message: str) -> None:
        super().__init__(logging.WARNING)
        self._message = message
        self.last = ("", -math.inf)

    def emit(self, record: logging.LogRecord) -> None:
        error = " ".join(record.getMessage().split())
        self.last = (error, time.monotonic())
        log(record.levelname.lower(), self._message, error=error)
