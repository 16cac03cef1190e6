"""Rows as lines."""

from __future__ import annotations

from drills.sandbox.text_table import WIDEST, text_table


def test_a_column_is_as_wide_as_its_widest_value() -> None:
    assert text_table(("id", "name"), [(1, "a lamp"), (10, "two\nlines")]) == [
        "id  name",
        "--  ---------",
        "1   a lamp",
        "10  two lines",
    ]


def test_a_table_without_rows_has_its_names() -> None:
    assert text_table(("id", "name"), []) == ["id  name", "--  ----"]


def test_a_value_that_is_too_wide_is_cut() -> None:
    *_, row = text_table(("query",), [("x" * 200,)])
    assert len(row) == WIDEST
