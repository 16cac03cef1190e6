"""What the shop says about itself: its releases and settings, read from its own files without running it."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Protocol

from drills.errors import EnvironmentFailed


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
    def versions(self) -> tuple[str, ...]:
        return tuple(release.version for release in self.releases)


@lru_cache
def definitions(shop_root: Path) -> ShopDefinitions:
    """Raises EnvironmentFailed when no shop lies there."""
    settings, releases = _module(shop_root, "settings"), _module(shop_root, "releases")
    return ShopDefinitions(settings.SETTINGS, releases.RELEASES, releases.INITIAL)


def _module(shop_root: Path, name: str) -> ModuleType:
    path = shop_root / "shop" / f"{name}.py"
    known_as = f"_drills_shop_{name}"
    spec = importlib.util.spec_from_file_location(known_as, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise EnvironmentFailed(f"{path}: not found; the sandbox's shop lies in the package or the checkout")
    module = importlib.util.module_from_spec(spec)
    sys.modules[known_as] = module  # Dataclasses look their module up by its name.
    spec.loader.exec_module(module)
    return module
