"""Secrets are masked before output is kept as evidence."""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = "•••"

#: Values that stand behind a telling name, in URLs, and as bearer tokens.
_PATTERNS = (
    re.compile(
        r"(?i)((?:password|passwd|secret|token|api[_-]?key|authorization)[\"']?\s*[=:]\s*[\"']?)([^\s\"',;&]{3,})"
    ),
    re.compile(r"(?i)(bearer\s+)([A-Za-z0-9._~+/=-]{6,})"),
    re.compile(r"(\w+://[^\s:/@]+:)([^\s@/]+)(?=@)"),
)
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


def mask(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without terminal colours and without secrets: those given, and what looks like one."""
    text = _ANSI.sub("", text)
    for secret in sorted((s for s in secrets if len(s) >= 4), key=len, reverse=True):
        text = text.replace(secret, MASK)
    for pattern in _PATTERNS:
        text = pattern.sub(lambda match: match.group(1) + MASK, text)
    return text
