"""Markdown tables whose columns are aligned in the source too, and text made safe for Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from unicodedata import combining, east_asian_width

from drills.model.visible import shortened
from drills.reporting.wording import clean, one_line

#: What begins markup anywhere: an underscore within a word, and most ampersands, do not.
_SPECIAL = re.compile(r"([\\`*\[\]<|~]|(?<!\w)_|_(?!\w)|&(?=#?\w+;))")
#: What begins a heading, a list or a quotation at the start of a line.
_AT_START = re.compile(r"^(\d*)([.)](?=\s|$)|[#>]|[+-](?=[\s+-]|$))")


def escaped(text: str) -> str:
    """One line of text in which nothing is markup: not emphasis, link, HTML or a cell's border."""
    return _AT_START.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", one_line(text)))


def fence(text: str, language: str = "") -> str:
    """The text as a code block; the fence is longer than any run of backticks in it."""
    inner = clean(text)
    longest = max((len(run) for run in re.findall(r"`+", inner)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}{language}\n{inner}\n{marks}"


#: Columns that a cell is padded to: one long note must not be paid for with blanks in each row.
_PADDED = 120
#: Characters of a cell that are shown; the HTML and the JSON report have all.
_SHOWN = 1000


def table(head: Sequence[str], rows: Iterable[Sequence[str]], right: frozenset[int] = frozenset()) -> str:
    """A table of escaped cells, none too long; columns in `right` are aligned to the right. Empty without rows."""
    return aligned(head, [[escaped(shortened(cell, _SHOWN)) for cell in row] for row in rows], right)


def aligned(head: Sequence[str], cells: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> str:
    """The same of cells that are Markdown already."""
    if not cells:
        return ""
    lengths = [[min(_PADDED, _width(cell)) for cell in row] for row in (head, *cells)]
    widths = [max(3, *column) for column in zip(*lengths, strict=True)]
    rule = [("-" * (width - 1) + ":") if column in right else "-" * width for column, width in enumerate(widths)]
    return "\n".join(_row(row, widths, right) for row in [list(head), rule, *cells])


def _row(cells: Sequence[str], widths: Sequence[int], right: frozenset[int]) -> str:
    padded = [
        " " * (width - _width(cell)) + cell if column in right else cell + " " * (width - _width(cell))
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"


def _width(text: str) -> int:
    """How many columns a terminal gives this text."""
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)
