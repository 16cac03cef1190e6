"""Reads YAML with the line number of every key, so that an error can say where it is.

The parser's events are put together here, and not by PyYAML's composer: that recurses natively, so that a file of
brackets ends the process, and forgets where things stand. Everything is bounded: bytes, depth, values (aliases counted
as if they were written out), digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from drills.errors import Problem
from drills.text_files import UnreadableFile, read_text
from drills.workspace.yaml_scalars import plain_scalar, shown_tag, tagged_scalar

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML built without libyaml: slower; only the words of its complaints are others
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

#: A place in a document: the keys and indexes that lead to it.
Place = tuple[str | int, ...]

#: More values than any file of ours has; a file of nested aliases would otherwise grow without end.
MOST_VALUES = 200_000
#: Mappings and lists within each other.
DEEPEST = 50

_MERGE = "<<"
#: YAML's c-printable, without the surrogates that a Python text may have.
_NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_COLLECTIONS = {"tag:yaml.org,2002:map": yaml.MappingStartEvent, "tag:yaml.org,2002:seq": yaml.SequenceStartEvent}


@dataclass(slots=True)
class _Node:
    """A value with what is known of it: `size` values in all, `depth` levels, `parts` with the line where each begins.

    Aliases share their anchor's node, so that a document is never larger than its file.
    """

    data: Any
    line: int
    size: int = 1
    depth: int = 0
    parts: dict[str | int, tuple[int, _Node]] = field(default_factory=dict)
    written: str | None = None

    def take(self, key: str | int, line: int, part: _Node) -> None:
        """Have it as a part; it begins on that line."""
        self.parts[key] = (line, part)
        self.size += part.size
        self.depth = max(self.depth, part.depth + 1)
        if isinstance(self.data, list):
            self.data.append(part.data)
        else:
            self.data[key] = part.data


@dataclass(frozen=True)
class Document:
    """A YAML file as plain data. `problems` are what is wrong with the YAML itself (then `data` is None)."""

    file: str
    data: Any
    problems: tuple[Problem, ...] = ()
    _root: _Node = field(default_factory=lambda: _Node(None, 1), repr=False, compare=False)

    def line(self, place: Place) -> int:
        """The line of that place, or of the nearest one around it."""
        node, line = self._root, self._root.line
        for part in place:
            if part not in node.parts:
                break
            line, node = node.parts[part]
        return line

    def has(self, place: Place) -> bool:
        """Whether something is written at exactly that place."""
        node = self._root
        for part in place:
            if part not in node.parts:
                return False
            node = node.parts[part][1]
        return True

    def places(self, levels: int = 2) -> Iterator[Place]:
        """Every place of so many levels or fewer, also of a file with problems."""
        waiting: list[tuple[Place, _Node]] = [((), self._root)]
        while waiting:
            place, node = waiting.pop()
            for part, (_, inner) in node.parts.items():
                yield (*place, part)
                if len(place) + 1 < levels:
                    waiting.append(((*place, part), inner))

    def written(self, place: Place) -> str | None:
        """How the number, the truth value or the null at that place is written; None for everything else."""
        node = self._root
        for part in place:
            if part not in node.parts:
                return None
            node = node.parts[part][1]
        return node.written

    def problem(self, place: Place, wrong: str, right: str = "", *, warning: bool = False) -> Problem:
        """A problem at a place of this document."""
        return Problem(self.file, self.line(place), dotted(place), wrong, right, warning)


def of_one_line(file: str, data: Any, line: int) -> Document:
    """Data all of which stands on one line of a file, such as a line of JSON."""
    return Document(file, data, (), _Node(None, line))


def read_document(path: Path, shown_as: str | None = None) -> Document:
    """Read a YAML file. Never raises for what is in the file: see `problems`. `shown_as` is its name in messages."""
    file = shown_as or str(path)
    try:
        return parse_document(read_text(path), file)
    except UnreadableFile as why:
        return _broken(file, why.line, why.wrong, why.right)


def parse_document(text: str, file: str) -> Document:
    """The same for a text."""
    if found := _NOT_TEXT.search(text):
        line = text.count("\n", 0, found.start()) + 1
        return _broken(
            file, line, f"has the character U+{ord(found[0]):04X}, which is no text", "save it as UTF-8 text"
        )
    reader = _Reader(file)
    try:
        root = reader.read(text)
    except _Refused as refused:
        return Document(file, None, (refused.problem,))
    except yaml.YAMLError as error:
        return _broken(file, *_complaint(error, text.splitlines()))
    if root is None:
        return Document(file, None)
    return Document(file, None if reader.problems else root.data, tuple(reader.problems), root)


def _broken(file: str, line: int, wrong: str, right: str) -> Document:
    return Document(file, None, (Problem(file, line, "", wrong, right),))


def _complaint(error: yaml.YAMLError, lines: list[str]) -> tuple[int, str, str]:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = " ".join(str(getattr(error, "problem", None) or error).split())
    line = min(mark.line + 1, len(lines)) if mark else 0
    text = lines[line - 1] if line else ""
    right = "fix the YAML at this line"
    if re.match(r" *\t", text):
        right = "indent with spaces, not tabs"
    elif re.search(r"[:\[,] *\$+\{", text):
        right = 'write "${…}" in quotes: its braces are YAML\'s otherwise'
    return line, f"is not YAML ({said})", right


class _Refused(Exception):
    """The document is not read any further."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class _Reader:
    """Puts one document's events together."""

    def __init__(self, file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._anchors: dict[str, _Node | None] = {}  # None: its value has begun, and not ended
        self._values = 0
        self._events: Iterator[yaml.Event] = iter(())

    def read(self, text: str) -> _Node | None:
        """The text's only document; None when there is none. Raises YAMLError and _Refused."""
        root = None
        self._events = yaml.parse(text, Loader=_Loader)
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise self._refused(event, (), "a second document begins here", "write one document in a file")
                root = self._node(next(self._events), ())
        return root

    def _node(self, event: yaml.Event, place: Place) -> _Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, place)
        self._values += 1
        if self._values > MOST_VALUES:
            raise self._refused(event, place, f"has more than {MOST_VALUES:,} values", "split the file")
        anchor: str | None = cast(yaml.NodeEvent, event).anchor
        if anchor is not None:
            self._anchors[anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event, place)
        else:
            if len(place) >= DEEPEST:
                raise self._refused(event, place[:1], f"is more than {DEEPEST} levels deep", "write it flatter")
            tag: str | None = cast(yaml.CollectionStartEvent, event).tag
            if tag not in (None, "!") and not isinstance(event, _COLLECTIONS.get(tag, ())):
                self._complain(event, place, f"has the tag {shown_tag(tag)}, which means nothing here", "take it out")
            collect = self._list if isinstance(event, yaml.SequenceStartEvent) else self._mapping
            node = collect(event, place)
            if len(place) + node.depth > DEEPEST:
                raise self._refused(event, place[:1], f"is more than {DEEPEST} levels deep", "write it flatter")
            if node.size > MOST_VALUES:
                wrong = f"has more than {MOST_VALUES:,} values with those of its aliases: it grows without end"
                raise self._refused(event, place, wrong, "write the values out, or fewer of them")
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _alias(self, event: yaml.AliasEvent, place: Place) -> _Node:
        if event.anchor not in self._anchors:
            raise self._refused(event, place, f"there is no anchor &{event.anchor} above", "write it, or the value")
        node = self._anchors[event.anchor]
        if node is None:
            raise self._refused(event, place, "contains itself", "write the value out")
        return node

    def _scalar(self, event: yaml.ScalarEvent, place: Place) -> _Node:
        text = event.value
        self._check_text(event, place)
        try:
            if event.tag is not None:
                value = tagged_scalar(event.tag, text)
            else:
                value = plain_scalar(text) if event.implicit[0] else text
        except ValueError as error:
            wrong, _, right = str(error).partition("; ")
            self._complain(event, place, wrong, right)
            value = None
        return _Node(value, _line(event), written=None if isinstance(value, str) else text)

    def _check_text(self, event: yaml.ScalarEvent, place: Place) -> None:
        if not event.value.isascii() and _SURROGATE.search(event.value):
            self._complain(event, place, "has half of a character (a surrogate)", "write the whole character")

    def _list(self, event: yaml.Event, place: Place) -> _Node:
        node = _Node([], _line(event))
        while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
            index = len(node.parts)
            node.take(index, _line(item), self._node(item, (*place, index)))
        return node

    def _mapping(self, event: yaml.Event, place: Place) -> _Node:
        node = _Node({}, _line(event))
        merged: list[_Node] = []
        while not isinstance(item := next(self._events), yaml.MappingEndEvent):
            name = self._key(item, place)
            inside = place if name is None else (*place, name)
            value_event = next(self._events)
            inner = self._node(value_event, inside)
            if name is None:
                continue
            if name == _MERGE and isinstance(item, yaml.ScalarEvent) and item.implicit[0]:
                merged += self._merged(value_event, inside, inner)
            elif name in node.parts:
                first = node.parts[name][0]
                self._complain(item, inside, f"is written twice (first on line {first})", "keep one")
            else:
                node.take(name, _line(item), inner)
        for source in merged:
            for key, (line, part) in source.parts.items():
                if key not in node.parts:
                    node.take(key, line, part)
        return node

    def _key(self, event: yaml.Event, place: Place) -> str | None:
        """A key as it is written: `on`, `404` and `null` are words here; None for one that is not a word."""
        if isinstance(event, yaml.ScalarEvent):
            self._check_text(event, place)
            if event.anchor is not None:
                self._anchors[event.anchor] = _Node(event.value, _line(event))
            return str(event.value)
        node = self._node(event, place)
        if isinstance(event, yaml.AliasEvent) and isinstance(node.data, str):
            return node.data
        self._complain(event, place, "has a key that is not a word", "write `name: value`")
        return None

    def _merged(self, event: yaml.Event, place: Place, node: _Node) -> list[_Node]:
        """The mappings that `<<` takes over, the first with precedence (https://yaml.org/type/merge.html)."""
        sources = [inner for _, inner in node.parts.values()] if isinstance(node.data, list) else [node]
        if not all(isinstance(source.data, dict) for source in sources):
            self._complain(event, place, "takes no mapping over", "write `<<: *name`, or `<<: [*one, *other]`")
            return []
        return sources

    def _complain(self, event: yaml.Event, place: Place, wrong: str, right: str) -> None:
        self.problems.append(Problem(self._file, _line(event), dotted(place), wrong, right))

    def _refused(self, event: yaml.Event, place: Place, wrong: str, right: str) -> _Refused:
        return _Refused(Problem(self._file, _line(event), dotted(place), wrong, right))


def _line(event: yaml.Event) -> int:
    return cast(yaml.Mark, event.start_mark).line + 1


def dotted(place: Place) -> str:
    """A place as people read it: `timeline[0].fault.kind`."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
