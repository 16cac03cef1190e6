"""Rows of an answer as lines of text, for terminals and reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

#: A query's text in a row would make every line of the table as long as itself.
WIDEST = 80


def text_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """The names, a rule, and a line for each row; a column is as wide as its widest value, 80 signs at most."""
    cells = [[" ".join(str(value).split())[:WIDEST] for value in row] for row in rows]
    widths = [max([len(name), *(len(row[i]) for row in cells)]) for i, name in enumerate(columns)]
    lines = (columns, ["-" * width for width in widths], *cells)
    return ["  ".join(f"{text:<{width}}" for text, width in zip(line, widths, strict=True)).rstrip() for line in lines]
