"""What the shop says about itself: its releases and settings, read from its own files without running it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Protocol

from drills.errors import BadInput, EnvironmentFailed
from drills.nearest import suggest


class Setting(Protocol):
    """A setting of the shop (`shop.settings.Setting`)."""

    @property
    def name(self) -> str: ...
    @property
    def default(self) -> str: ...
    @property
    def services(self) -> tuple[str, ...]: ...
    @property
    def secret(self) -> bool: ...
    @property
    def variable(self) -> str: ...
    def refusal(self, value: str) -> str | None: ...


class KnownRelease(Protocol):
    """A release of the shop (`shop.releases.Release`)."""

    @property
    def version(self) -> str: ...
    @property
    def summary(self) -> str: ...


@dataclass(frozen=True)
class ShopDefinitions:
    settings: tuple[Setting, ...]
    releases: tuple[KnownRelease, ...]
    initial_release: str

    @property
    def defaults(self) -> dict[str, str]:
        return {setting.name: setting.default for setting in self.settings}

    @property
    def secrets(self) -> frozenset[str]:
        """The settings whose values are not shown."""
        return frozenset(setting.name for setting in self.settings if setting.secret)

    def complete(self, settings: Mapping[str, str]) -> dict[str, str]:
        """A value for each setting that there is: the given one, else the default (a newer shop has more)."""
        return {setting.name: settings.get(setting.name, setting.default) for setting in self.settings}

    def checked(self, changes: Mapping[str, str]) -> dict[str, str]:
        """What a user wants to set, by the settings' own names. Raises BadInput with the known names."""
        known = {setting.name: setting for setting in self.settings}
        wanted = {name.replace("-", "_"): value for name, value in changes.items()}
        for name, value in wanted.items():
            if name not in known:
                raise BadInput(f"there is no setting {name!r}; {suggest(name, known)}")
            if why := known[name].refusal(value):
                raise BadInput(why)
        return wanted

    def environment(self, service: str, settings: Mapping[str, str]) -> dict[str, str]:
        """The variables that carry the settings which belong to that service."""
        complete = self.complete(settings)
        return {setting.variable: complete[setting.name] for setting in self.settings if service in setting.services}

    @property
    def first_versions(self) -> tuple[str, ...]:
        """The releases up to the one that runs at first."""
        return self.versions[: self.versions.index(self.initial_release) + 1]

    @property
    def versions(self) -> tuple[str, ...]:
        return tuple(release.version for release in self.releases)


@lru_cache
def definitions(shop_root: Path) -> ShopDefinitions:
    """Raises EnvironmentFailed when no shop lies there."""
    settings, releases = shop_module(shop_root, "settings"), shop_module(shop_root, "releases")
    return ShopDefinitions(settings.SETTINGS, releases.RELEASES, releases.INITIAL)


@lru_cache
def shop_module(shop_root: Path, name: str) -> ModuleType:
    """One of the shop's files as a module; it must import nothing of the shop. Raises EnvironmentFailed."""
    path = shop_root / "shop" / f"{name}.py"
    known_as = f"_drills_shop_{name}"
    spec = importlib.util.spec_from_file_location(known_as, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise EnvironmentFailed(f"{path}: not found; the sandbox's shop lies in the package or the checkout")
    module = importlib.util.module_from_spec(spec)
    sys.modules[known_as] = module  # Dataclasses check their module up by its name.
    spec.loader.exec_module(module)
    return module
