"""Groups of commands whose modules are imported when one of their commands is named, or help lists them all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup
from typer.main import get_group


class LazyCommands(Mapping[str, Any]):
    """Commands by name, each with the module that registers it: `register` adds them to the app that it is given.

    The module `further` has commands whose names are known when it is imported, which is for a name that is not listed.
    """

    def __init__(self, modules: Mapping[str, str], further: str | None = None) -> None:
        self._modules = modules
        self._further = further
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            module = self._modules.get(name, self._further)
            if module is None:
                raise KeyError(name)
            self._load(module)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        further = () if self._further is None else self._load(self._further)
        return iter((*self._modules, *further))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _load(self, module: str) -> Mapping[str, Any]:
        app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
        import_module(module).register(app)
        registered = get_group(app).commands
        self._loaded.update(registered)
        return registered


class LazyGroup(TyperGroup):
    """A group of the commands that its class has, listed in their order."""

    known: ClassVar[LazyCommands]

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes | {"commands": None})
        self.commands = self.known  # type: ignore[assignment]  # nothing is added to it later
