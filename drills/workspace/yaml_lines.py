"""YAML as data together with the line of every key, so that an error can say where it is.

Scalars follow YAML 1.2 (as editors do): `on` is a key like any other, `14:00` and dates are text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from drills.errors import InvalidFiles, Problem

try:
    from yaml import CSafeLoader as _SafeLoader
except ImportError:  # PyYAML built without libyaml: slower, the same otherwise
    from yaml import SafeLoader as _SafeLoader  # type: ignore[assignment]

#: A place in a document: the keys and indexes that lead to it.
Place = tuple[str | int, ...]

#: More values than any file of ours has; a file of nested aliases would otherwise grow without end.
_MOST_VALUES = 200_000


class _Loader(_SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


def _resolve(tag: str, pattern: str, first: str) -> None:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))


_resolve("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF")
_resolve("int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789")
_resolve("float", r"^[-+]?(?:(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)$", "-+.0123456789")
_resolve("null", r"^(?:~|null|Null|NULL|)$", "~nN")
_Loader.yaml_implicit_resolvers.setdefault("", []).append(("tag:yaml.org,2002:null", re.compile(r"^$")))


@dataclass(frozen=True)
class Document:
    """A YAML file as plain data. `problems` are what is wrong with the YAML itself (then `data` may be None)."""

    file: str
    data: Any
    lines: dict[Place, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def line(self, place: Place) -> int:
        """The line of that place, or of the nearest one around it."""
        for end in range(len(place), -1, -1):
            if place[:end] in self.lines:
                return self.lines[place[:end]]
        return 1

    def problem(self, place: Place, wrong: str, right: str = "", *, warning: bool = False) -> Problem:
        """A problem at a place of this document."""
        return Problem(self.file, self.line(place), dotted(place), wrong, right, warning)


def read_document(path: Path, shown_as: str | None = None) -> Document:
    """Read a YAML file. Never raises for what is in the file: see `problems`. `shown_as` is its name in messages."""
    file = shown_as or str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return _broken(file, 0, "there is no such file", "write it, or correct the name")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return _broken(file, line, "is not UTF-8 text", "save it as UTF-8")
    except OSError as error:
        return _broken(file, 0, f"cannot be read ({error.strerror})", "mend its permissions")
    return parse_document(text, file)


def parse_document(text: str, file: str) -> Document:
    """The same for a text."""
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return Document(file, None, {(): 1})
            lines: dict[Place, int] = {}
            problems = list(_walk(node, (), lines, [], file))
            if problems:
                return Document(file, None, lines, tuple(problems))
            return Document(file, loader.construct_document(node), lines)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        said = " ".join(str(getattr(error, "problem", None) or error).split())
        right = "indent with spaces" if "\\t" in said or "tab" in said else "mend the YAML at this line"
        line = min(mark.line + 1, len(text.splitlines())) if mark else 0
        return _broken(file, line, f"is not YAML ({said})", right)


def _broken(file: str, line: int, wrong: str, right: str) -> Document:
    return Document(file, None, {(): 1}, (Problem(file, line, "", wrong, right),))


def _walk(node: yaml.Node, place: Place, lines: dict[Place, int], above: list[int], file: str) -> Iterator[Problem]:
    """Record the line of every place; yield keys that are written twice and other things that are not data."""
    line = node.start_mark.line + 1
    lines.setdefault(place, line)
    if id(node) in above or len(lines) > _MOST_VALUES:
        wrong = "contains itself" if id(node) in above else "grows without end through its aliases"
        yield Problem(file, line, dotted(place), wrong, "write the value out")
        return
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            where = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                yield Problem(file, where, dotted(place), "has a key that is not a word", "write `name: value`")
                continue
            inside = (*place, key.value)
            if inside in lines:
                first = lines[inside]
                yield Problem(file, where, dotted(inside), f"is written twice (first on line {first})", "keep one")
                continue
            lines[inside] = where
            yield from _walk(value, inside, lines, [*above, id(node)], file)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _walk(item, (*place, index), lines, [*above, id(node)], file)


def dotted(place: Place) -> str:
    """A place as people read it: `timeline[0].fault.kind`."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def require(document: Document) -> Document:
    """The document itself; raises InvalidFiles when its YAML is broken."""
    if document.problems:
        raise InvalidFiles(document.problems)
    return document
