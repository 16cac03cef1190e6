"""Reads a post-mortem that a team hands in: its table of action items, and whatever is not written yet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from markdown_it import MarkdownIt
from markdown_it.token import Token

from drills.errors import InvalidFiles, Problem
from drills.model.aftermath import ActionItem, ItemStatus, Priority
from drills.nearest import nearest
from drills.reporting.post_mortem.draft import COLUMNS, TODO

E = TypeVar("E", bound=StrEnum)

#: The heading of each column, as it begins, in lower case; the first is the item's number.
_NUMBER, _ACTION, _OWNER, _PRIORITY, _DUE, _STATUS = ("#", "action", "owner", "priority", "due", "status")
_WANTED = dict(zip((_NUMBER, _ACTION, _OWNER, _PRIORITY, _DUE, _STATUS), COLUMNS, strict=True))


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a table: its line, from 1, and the text of its cells."""

    line: int
    cells: tuple[str, ...]


def action_items(text: str, file: str) -> tuple[ActionItem, ...]:
    """The action items of a document; `file` is its name in messages.

    Raises InvalidFiles with every line that is still to be written, and every item that lacks an owner, a priority,
    a due date or a status, each with its line and what would be right.
    """
    problems = [*_unwritten(text, file)]
    table = _table_of_items(text)
    if table is None:
        right = f"keep the table with the columns {', '.join(COLUMNS)}"
        raise InvalidFiles([*problems, Problem(file, 0, "", "has no table of action items", right)])
    head, *rows = table
    columns = {key: index for key in _WANTED for index, cell in enumerate(head.cells) if cell.lower().startswith(key)}
    for key in _WANTED.keys() - columns.keys():
        problems.append(Problem(file, head.line, "action items", f"there is no column {_WANTED[key]}", "add it"))
    if len(columns) < len(_WANTED):
        raise InvalidFiles(problems)
    items: dict[int, ActionItem] = {}
    filled = [row for row in rows if any(row.cells[columns[key]] for key in (_ACTION, _OWNER, _PRIORITY, _DUE))]
    free = (
        max((int(row.cells[columns[_NUMBER]]) for row in filled if row.cells[columns[_NUMBER]].isdecimal()), default=0)
        + 1
    )
    for row in filled:
        item, wrong = _item(row, columns, file, free)
        problems += wrong
        if item is not None and item.number in items:
            wrong_number = f"number {item.number} is there twice"
            problems.append(Problem(file, row.line, "action items", wrong_number, f"write {free}, which is free"))
        elif item is not None:
            items[item.number] = item
    if not filled:
        problems.append(
            Problem(
                file, head.line, "action items", "there is none", "write at least one: every finding has a follow-up"
            )
        )
    if problems:
        raise InvalidFiles(sorted(problems, key=lambda problem: problem.line))
    return tuple(items.values())


def _unwritten(text: str, file: str) -> Iterator[Problem]:
    for number, line in enumerate(text.splitlines(), start=1):
        _, found, asked = line.partition(TODO)
        if found and not line.startswith("Write what lines"):
            yield Problem(file, number, "", f"still to be written: {asked.strip()}", "write it, or remove the line")


def _table_of_items(text: str) -> list[_Row] | None:
    """The first table that has the columns Action and Owner; its head comes first."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    for index, token in enumerate(tokens):
        if token.type == "table_open":
            rows = list(_rows(tokens[index:]))
            names = [cell.lower() for cell in rows[0].cells] if rows else []
            if any(name.startswith(_ACTION) for name in names) and any(name.startswith(_OWNER) for name in names):
                return rows
    return None


def _rows(tokens: Sequence[Token]) -> Iterator[_Row]:
    line = 0
    cells: list[str] = []
    for token in tokens:
        if token.type == "table_close":
            return
        if token.type == "tr_open" and token.map:
            line, cells = token.map[0] + 1, []
        elif token.type == "inline":
            cells.append(_plain(token))
        elif token.type == "tr_close":
            yield _Row(line, tuple(cells))


def _plain(token: Token) -> str:
    """The text of a cell, without markup and what decorates it."""
    parts = [child.content for child in token.children or () if child.type in ("text", "code_inline")]
    return " ".join("".join(parts).split())


def _item(row: _Row, columns: Mapping[str, int], file: str, free: int) -> tuple[ActionItem | None, list[Problem]]:
    cell = {key: row.cells[index] for key, index in columns.items()}
    number = int(cell[_NUMBER]) if cell[_NUMBER].isdecimal() else None
    problems: list[Problem] = []

    def complain(key: str, wrong: str, right: str) -> None:
        field = f"action item {cell[_NUMBER] or cell[_ACTION]}, {_WANTED[key].lower()}"
        problems.append(Problem(file, row.line, field, wrong, right))

    if number is None:
        complain(_NUMBER, f"{cell[_NUMBER]!r} is not a number" if cell[_NUMBER] else "is missing", f"write {free}")
    if not cell[_ACTION]:
        complain(_ACTION, "is missing", "say what is to be done, or remove the row")
    if not cell[_OWNER]:
        complain(_OWNER, "is missing", "write a team or a role, such as @platform")
    priority = _one_of(Priority, cell[_PRIORITY], lambda wrong, right: complain(_PRIORITY, wrong, right))
    status = _one_of(
        ItemStatus, re.sub(r"^\W+", "", cell[_STATUS]), lambda wrong, right: complain(_STATUS, wrong, right)
    )
    due = None
    try:
        due = date.fromisoformat(cell[_DUE])
    except ValueError:
        wrong = f"{cell[_DUE]!r} is not a date" if cell[_DUE] else "is missing"
        complain(_DUE, wrong, "write a date, such as 2026-01-31")
    if problems or number is None or priority is None or status is None or due is None:
        return None, problems
    return ActionItem(
        number=number, action=cell[_ACTION], owner=cell[_OWNER], priority=priority, due=due, status=status
    ), []


def _one_of(kinds: type[E], text: str, complain: Callable[[str, str], None]) -> E | None:
    known = ", ".join(kind.value for kind in kinds)
    for kind in kinds:
        if kind.value.lower() == text.lower():
            return kind
    if not text:
        complain("is missing", f"write one of {known}")
        return None
    near = nearest(text, [kind.value for kind in kinds])
    complain(f"{text!r} is not known", f"{f'did you mean {near}? ' if near else ''}write one of {known}")
    return None
