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

#: A path in a document: the keys and indexes that lead to a value.
YamlPath = tuple[str | int, ...]

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

    def line(self, yaml_path: YamlPath) -> int:
        """The line of the value at that path, or of the nearest enclosing one."""
        node, line = self._root, self._root.line
        for part in yaml_path:
            if part not in node.parts:
                break
            line, node = node.parts[part]
        return line

    def has(self, yaml_path: YamlPath) -> bool:
        """Whether there is a value at exactly that path."""
        node = self._root
        for part in yaml_path:
            if part not in node.parts:
                return False
            node = node.parts[part][1]
        return True

    def yaml_paths(self, levels: int = 2) -> Iterator[YamlPath]:
        """Every path of at most that many levels, also of a file with problems."""
        waiting: list[tuple[YamlPath, _Node]] = [((), self._root)]
        while waiting:
            yaml_path, node = waiting.pop()
            for part, (_, inner) in node.parts.items():
                yield (*yaml_path, part)
                if len(yaml_path) + 1 < levels:
                    waiting.append(((*yaml_path, part), inner))

    def written(self, yaml_path: YamlPath) -> str | None:
        """How the number, the boolean or the null at that path is written; None for everything else."""
        node = self._root
        for part in yaml_path:
            if part not in node.parts:
                return None
            node = node.parts[part][1]
        return node.written

    def problem(self, yaml_path: YamlPath, wrong: str, right: str = "", *, warning: bool = False) -> Problem:
        """A problem at a path of this document."""
        return Problem(self.file, self.line(yaml_path), dotted(yaml_path), wrong, right, warning)


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

    def _node(self, event: yaml.Event, yaml_path: YamlPath) -> _Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, yaml_path)
        self._values += 1
        if self._values > MOST_VALUES:
            raise self._refused(event, yaml_path, f"has more than {MOST_VALUES:,} values", "split the file")
        anchor: str | None = cast(yaml.NodeEvent, event).anchor
        if anchor is not None:
            self._anchors[anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event, yaml_path)
        else:
            if len(yaml_path) >= DEEPEST:
                raise self._refused(event, yaml_path[:1], f"is more than {DEEPEST} levels deep", "write it flatter")
            tag: str | None = cast(yaml.CollectionStartEvent, event).tag
            if tag not in (None, "!") and not isinstance(event, _COLLECTIONS.get(tag, ())):
                self._complain(
                    event, yaml_path, f"has the tag {shown_tag(tag)}, which means nothing here", "take it out"
                )
            collect = self._list if isinstance(event, yaml.SequenceStartEvent) else self._mapping
            node = collect(event, yaml_path)
            if len(yaml_path) + node.depth > DEEPEST:
                raise self._refused(event, yaml_path[:1], f"is more than {DEEPEST} levels deep", "write it flatter")
            if node.size > MOST_VALUES:
                wrong = f"has more than {MOST_VALUES:,} values with those of its aliases: it grows without end"
                raise self._refused(event, yaml_path, wrong, "write the values out, or fewer of them")
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _alias(self, event: yaml.AliasEvent, yaml_path: YamlPath) -> _Node:
        if event.anchor not in self._anchors:
            raise self._refused(event, yaml_path, f"there is no anchor &{event.anchor} above", "write it, or the value")
        node = self._anchors[event.anchor]
        if node is None:
            raise self._refused(event, yaml_path, "contains itself", "write the value out")
        return node

    def _scalar(self, event: yaml.ScalarEvent, yaml_path: YamlPath) -> _Node:
        text = event.value
        self._check_text(event, yaml_path)
        try:
            if event.tag is not None:
                value = tagged_scalar(event.tag, text)
            else:
                value = plain_scalar(text) if event.implicit[0] else text
        except ValueError as error:
            wrong, _, right = str(error).partition("; ")
            self._complain(event, yaml_path, wrong, right)
            value = None
        return _Node(value, _line(event), written=None if isinstance(value, str) else text)

    def _check_text(self, event: yaml.ScalarEvent, yaml_path: YamlPath) -> None:
        if not event.value.isascii() and _SURROGATE.search(event.value):
            self._complain(event, yaml_path, "has half of a character (a surrogate)", "write the whole character")

    def _list(self, event: yaml.Event, yaml_path: YamlPath) -> _Node:
        node = _Node([], _line(event))
        while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
            index = len(node.parts)
            node.take(index, _line(item), self._node(item, (*yaml_path, index)))
        return node

    def _mapping(self, event: yaml.Event, yaml_path: YamlPath) -> _Node:
        node = _Node({}, _line(event))
        merged: list[_Node] = []
        while not isinstance(item := next(self._events), yaml.MappingEndEvent):
            name = self._key(item, yaml_path)
            inside = yaml_path if name is None else (*yaml_path, name)
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

    def _key(self, event: yaml.Event, yaml_path: YamlPath) -> str | None:
        """A key as it is written: `on`, `404` and `null` are words here; None for one that is not a word."""
        if isinstance(event, yaml.ScalarEvent):
            self._check_text(event, yaml_path)
            if event.anchor is not None:
                self._anchors[event.anchor] = _Node(event.value, _line(event))
            return str(event.value)
        node = self._node(event, yaml_path)
        if isinstance(event, yaml.AliasEvent) and isinstance(node.data, str):
            return node.data
        self._complain(event, yaml_path, "has a key that is not a word", "write `name: value`")
        return None

    def _merged(self, event: yaml.Event, yaml_path: YamlPath, node: _Node) -> list[_Node]:
        """The mappings that `<<` takes over, the first with precedence (https://yaml.org/type/merge.html)."""
        sources = [inner for _, inner in node.parts.values()] if isinstance(node.data, list) else [node]
        if not all(isinstance(source.data, dict) for source in sources):
            self._complain(event, yaml_path, "takes no mapping over", "write `<<: *name`, or `<<: [*one, *other]`")
            return []
        return sources

    def _complain(self, event: yaml.Event, yaml_path: YamlPath, wrong: str, right: str) -> None:
        self.problems.append(Problem(self._file, _line(event), dotted(yaml_path), wrong, right))

    def _refused(self, event: yaml.Event, yaml_path: YamlPath, wrong: str, right: str) -> _Refused:
        return _Refused(Problem(self._file, _line(event), dotted(yaml_path), wrong, right))


def _line(event: yaml.Event) -> int:
    return cast(yaml.Mark, event.start_mark).line + 1


def dotted(yaml_path: YamlPath) -> str:
    """A path as people read it: `timeline[0].fault.kind`."""
    text = ""
    for part in yaml_path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
