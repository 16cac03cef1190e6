"""Lines of a runbook that look like the beginning of an executable block, and are none: they would be missed silently.

CommonMark decides what is a block (0.31, 4.5 Fenced code blocks); a backtick in the info string, an indentation, an
HTML comment or a fence above that was never closed makes text of what its author meant to be executed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

#: Fence, language, brace; behind marks of quotes and lists.
_BEGINNING = re.compile(r"^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(?P<fence>`{3,}|~{3,})[ \t]*[\w+-]*[ \t]*\{")


@dataclass(frozen=True, slots=True)
class Remark:
    """What the author of a runbook should know of a line, from 1, and what would be right."""

    line: int
    wrong: str
    right: str


def dropped(lines: Sequence[str], tokens: Sequence[Token]) -> Iterator[Remark]:
    """Of a document's lines and the tokens of its blocks."""
    begun = {token.map[0] for token in tokens if token.type == "fence" and token.map}
    within: dict[int, Token] = {}
    for token in tokens:
        if token.type in ("fence", "code_block", "html_block") and token.map:
            within.update(dict.fromkeys(range(token.map[0], token.map[1]), token))
    for number, line in enumerate(lines):
        found = _BEGINNING.match(line)
        if found is None or number in begun:
            continue
        outer = within.get(number)
        if outer is None:
            if line.startswith(("    ", "\t")):
                wrong = "a block that is indented by four spaces or a tab is text"
                yield Remark(number + 1, wrong, "indent it by three spaces at most")
            elif "`" in line[found.end() :] and found["fence"].startswith("`"):
                wrong = "a backtick after the fence makes text of this block, and blocks of the text below it"
                yield Remark(number + 1, wrong, "begin and end the block with ~~~")
        elif outer.type == "html_block":
            start = (outer.map or [0])[0] + 1
            yield Remark(number + 1, f"a block within HTML (from line {start}) is not executed", "take it out of there")
        elif outer.type == "code_block":
            wrong = "a block that is indented by four spaces or a tab is text"
            yield Remark(number + 1, wrong, "indent it by three spaces at most")
        elif not _is_example(outer, found["fence"]):
            start = (outer.map or [0])[0] + 1
            wrong = f"this block stands within the one of line {start}, which was not closed above"
            yield Remark(number + 1, wrong, f"close that one with {outer.markup}")


def _is_example(outer: Token, fence: str) -> bool:
    """Whether a fence was meant to be shown: the outer one is longer, or of the other character."""
    return outer.markup[0] != fence[0] or len(outer.markup) > len(fence)


def is_closed(token: Token, lines: Sequence[str]) -> bool:
    """Whether a fence ends with its own mark, not with its list, its quote or the file."""
    if token.map is None or token.map[1] - token.map[0] < 2:
        return False
    last = lines[token.map[1] - 1] if token.map[1] <= len(lines) else ""
    mark = last.strip(" \t>")
    return len(mark) >= len(token.markup) and set(mark) == {token.markup[0]}


def swallows(token: Token, lines: Sequence[str]) -> int | None:
    """The line, from 1, of a block within this one that was not meant as an example in it."""
    start, end = token.map or (0, 0)
    for number in range(start + 1, end):
        found = _BEGINNING.match(lines[number])
        if found is not None and not _is_example(token, found["fence"]):
            return number + 1
    return None
