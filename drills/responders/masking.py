"""Secrets are masked before output is kept as evidence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

MASK = "•••"

#: A shorter value is no secret, and masking it would spoil ordinary words.
SHORTEST = 4

_TELLING = r"password|passwd|secret|token|api[_-]?key|access[_-]?key|authorization|credentials?"
#: Credentials of a scheme first: what names them (`Authorization: Bearer …`) would otherwise take the scheme for all.
#: Nothing in them may repeat without a bound before it is anchored: output of a step can be one very long word.
_PATTERNS = (
    re.compile(r"(?i)\b((?:bearer|basic)\s+)([A-Za-z0-9._~+/=-]{6,})"),
    re.compile(rf"(?i)((?:{_TELLING})[\"']?\s*[=:]\s*)(\"[^\"\n]+\"|'[^'\n]+'|[^\s\"',;&]{{3,}})"),
    re.compile(r"(?i)(\bpassword\s+)('[^'\n]+')"),
    re.compile(rf"(?i)(--[a-z-]{{0,30}}(?:{_TELLING})\s+)(\"[^\"\n]+\"|'[^'\n]+'|[^\s\"'-][^\s\"']*)"),
    re.compile(r"(\b[A-Za-z][\w+.-]{0,20}://[^\s:/@]{0,100}:)([^\s@/]{1,200})(?=@)"),
)
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


def shown(output: str) -> str:
    """What a terminal shows of it: without colours and other sequences, with plain ends of lines."""
    return _ANSI.sub("", output).replace("\r\n", "\n")


def mask(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without terminal colours and without secrets: those given, and what looks like one."""
    text = shown(text)
    for secret in sorted((s for s in secrets if len(s) >= SHORTEST), key=len, reverse=True):
        text = text.replace(secret, MASK)
    for pattern in _PATTERNS:
        text = pattern.sub(lambda match: match.group(1) + MASK, text)
    return text


def secrets_of(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The values of variables whose names tell that they are secret; short ones are switches, such as `false`."""
    return tuple(v for name, v in environment.items() if len(v) >= 8 and re.search(_TELLING, name, re.IGNORECASE))
