"""Kinds of faults, probes and adapters by name: those included, and those of other distributions by entry points.

    included      one line of a table: name = "module:Class [needs, …]", loaded when the kind is asked for
    from outside  one line of a pyproject.toml, [project.entry-points."drills.probes"]: name = "module:Class"

Installed distributions are searched only for a name that is not included, or for all names: reading
the metadata of a hundred distributions takes 20 ms, which commands that need none of it do not spend.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from drills.errors import one_line
from drills.nearest import suggest

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

T = TypeVar("T")
#: Of a kind, as scenarios and probes write it.
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class Kinds(Mapping[str, type[T]], Generic[T]):
    """The classes of one group of entry points, by their kinds' names.

    `wrong` says what is wrong with a class that another distribution gives for a name, in one line, or nothing. One
    that cannot be used is left out: `why_not` says why, `broken` lists all of them. The others work.
    """

    def __init__(
        self, group: str, what: str, included: Mapping[str, str], wrong: Callable[[str, Any], str | None]
    ) -> None:
        self.group = group
        self._what = what
        self._included = included
        self._wrong = wrong
        self._loaded: dict[str, type[T]] = {}
        self._broken: dict[str, list[str]] | None = None
        self._outside: dict[str, type[T]] = {}

    def __getitem__(self, name: str) -> type[T]:
        if name in self._included:
            if name not in self._loaded:
                module, _, attribute = self._included[name].partition(" ")[0].partition(":")
                self._loaded[name] = getattr(import_module(module), attribute)
            return self._loaded[name]
        self._look_outside()
        return self._outside[name]

    def __iter__(self) -> Iterator[str]:
        self._look_outside()
        return iter((*self._included, *self._outside))

    def __len__(self) -> int:
        self._look_outside()
        return len(self._included) + len(self._outside)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name in self._included or name in self.outside)

    @property
    def outside(self) -> Mapping[str, type[T]]:
        """Those of other distributions."""
        self._look_outside()
        return self._outside

    def broken(self) -> tuple[tuple[str, str], ...]:
        """What is wrong with entry points that cannot be used: the group, and which of which distribution, and why."""
        return tuple((self.group, line) for lines in self._look_outside().values() for line in lines)

    def why_not(self, name: str) -> str:
        """Why there is no such kind, in one line: the entry point of that name is broken, or which are near."""
        return self.broken_as(name) or suggest(name, self)

    def broken_as(self, name: str) -> str:
        """What is wrong with the entry point of that name; empty when nothing is, or there is none."""
        return next(iter(self._look_outside().get(name, ())), "")

    def _look_outside(self) -> Mapping[str, list[str]]:
        if self._broken is None:
            self._broken = {}
            found: dict[str, list[EntryPoint]] = {}
            for point in installed(self.group):
                found.setdefault(point.name, []).append(point)
            for name, points in sorted(found.items()):
                self._take(name, points, self._broken)
        return self._broken

    def _take(self, name: str, points: list[EntryPoint], broken: dict[str, list[str]]) -> None:
        why, kind = self._examined(name, points)
        if why is None:
            self._outside[name] = cast("type[T]", kind)
        else:
            broken[name] = [f"{_described(point)}: {why}" for point in points]

    def _examined(self, name: str, points: list[EntryPoint]) -> tuple[str | None, object]:
        """What is wrong with it, if anything; and the class."""
        if not _NAME.fullmatch(name):
            return "a kind is named in small letters, digits and '-'; rename the entry point", None
        if name in self._included:
            return f"drills has {self._what} of that name itself; rename the entry point", None
        if len(points) > 1:
            givers = " and ".join(sorted({_distribution(point) for point in points}))
            return f"{givers} give {self._what} of that name, so that none is used; remove one of them", None
        try:
            kind = points[0].load()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a module does when it is loaded
            said = one_line(f"{type(error).__name__}: {error}")
            return f"it cannot be loaded ({said})", None
        return self._wrong(name, kind), kind


def needs_in(line: str) -> frozenset[str]:
    """What the line of an included kind says that it needs: `sql` and `disk` of `module:Class [sql, disk]`."""
    _, bracket, needs = line.rstrip("]").partition(" [")
    return frozenset(needs.split(", ")) if bracket else frozenset()


def installed(group: str) -> tuple[EntryPoint, ...]:
    """The entry points of a group; a distribution whose metadata cannot be read has none.

    Each once: an editable install that is also on the path is found twice.
    """
    from importlib.metadata import entry_points

    points = {(point.name, point.value, _distribution(point)): point for point in entry_points(group=group)}
    return tuple(points.values())


def _described(point: EntryPoint) -> str:
    return f"entry point {point.name!r} ({point.value}) of {_distribution(point)}"


def _distribution(point: EntryPoint) -> str:
    if point.dist is None:
        return "an unknown distribution"
    return f"{point.dist.name} {point.dist.version}"
