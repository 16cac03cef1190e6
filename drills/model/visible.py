"""Text from outside, as it can be shown: what would steer a terminal or turn text around is made visible.

Titles, notes, answers of servers, logs: none of them may move a cursor, hide a line, or read other than it is. Each
output format still escapes its own markup.
"""

from __future__ import annotations

import re

#: Control characters but tab and line feed; line ends of Unicode; overrides, embeddings and isolates of the direction
#: of writing (Unicode TR 36, "bidirectional text spoofing"); halves of surrogate pairs, which arguments and names of
#: files that are no UTF-8 are read as; the byte order mark, and what XML 1.0 forbids besides.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]")


def visible(text: str) -> str:
    """The text with `\\x1b`, `\\u202e` … in place of what is not seen; line ends are line feeds, tabs stay."""
    return _UNSEEN.sub(_escape, text.replace("\r\n", "\n"))


def visible_line(text: str) -> str:
    """`visible`, on one line: each run of blanks and line ends is one blank."""
    return " ".join(visible(text).split())


def visible_json(document: str) -> str:
    """A JSON document whose strings hold nothing unseen: the same values, by JSON's own escapes."""
    return _UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", document)


def shortened(text: str, at_most: int) -> str:
    """The text, or its first characters and how many more there are."""
    return text if len(text) <= at_most else f"{text[:at_most].rstrip()} … and {len(text) - at_most:,} more characters"


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
