"""Where a compose sandbox keeps its files on this machine, and which variables the compose file gets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from drills.included_shop.compose.ports import port_variable, upper
from drills.included_shop.definitions import ShopDefinitions
from drills.included_shop.names import Service
from drills.sandbox.state import SandboxState

#: The volumes of the compose file; each is called by the project's name and this one.
VOLUMES = ("database", "metrics", "certificates")

#: Services whose containers carry the settings that they were made with, in a label.
CONFIGURED = (Service.APP, Service.EXTERNAL_API, Service.DNS)


@dataclass(frozen=True)
class Layout:
    """`root` holds the sandbox's own files; `shop_root` is where `shop/` lies."""

    root: Path
    shop_root: Path

    @property
    def state(self) -> Path:
        return self.root / "state.json"

    @property
    def logs(self) -> Path:
        """What replicas wrote that are gone."""
        return self.root / "logs"

    @property
    def certificates(self) -> Path:
        return self.root / "certificates"

    @property
    def config(self) -> Path:
        """Files that drills may change. The compose file's own are not: they are the workspace's."""
        return self.root / "config"

    @property
    def backups(self) -> Path:
        return self.root / "backups"


def variables(state: SandboxState, shop: ShopDefinitions, layout: Layout) -> dict[str, str]:
    """What the compose file's `${…}` are to be, for containers that are made now."""
    variables = {"DRILLS_SHOP_DIGEST": shop_digest(layout.shop_root)}
    for name, port in state.ports.items():
        variables[port_variable(name)] = str(port)
    for service in CONFIGURED:
        variables |= shop.environment(service, state.settings)
        variables[f"DRILLS_{upper(service)}_SETTINGS"] = settings_digest(shop, service, state.settings)
    for name, limit in state.limits.items():
        variables[f"DRILLS_{upper(name)}"] = limit
    if state.release:
        variables["SHOP_RELEASE"] = state.release
    return variables


def settings_digest(shop: ShopDefinitions, service: Service, settings: Mapping[str, str]) -> str:
    """The settings that belong to a service, in short."""
    return digest(shop.environment(service, settings))


def digest(environment: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(dict(environment), sort_keys=True).encode()).hexdigest()[:12]


def shop_digest(shop_root: Path) -> str:
    """Changes with every file that the shop's image is made of."""
    about = hashlib.sha256()
    folder = shop_root / "shop"
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            about.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return about.hexdigest()[:16]
