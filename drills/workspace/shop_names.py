"""What the included shop has, as far as it can be known without running it: releases, settings, tables …"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from drills.included import included_root
from drills.sandbox.shop.definitions import definitions
from drills.sandbox.shop.names import Link, Service


@lru_cache(maxsize=1)
def shop_names() -> Mapping[str, tuple[str, ...]]:
    """The names that a fault's setting of that key may have; a key that is not there cannot be known."""
    root = included_root()
    migrations = sorted((root / "shop" / "migrations").glob("*.up.sql"))
    schema = "\n".join(file.read_text(encoding="utf-8") for file in (root / "shop" / "schema.py", *migrations))
    known = definitions(root)
    names = {
        "service": tuple(Service),
        "link": tuple(Link),
        "release": known.versions,
        "setting": tuple(setting.name for setting in known.settings),
        "migration": tuple(file.name[:4] for file in migrations),
        "index": tuple(re.findall(r"CREATE (?:UNIQUE )?INDEX (?:IF NOT EXISTS )?(\w+)", schema)),
        "table": tuple(re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", schema)),
    }
    return {key: present for key, present in names.items() if present}


def refusal(setting: str, value: str) -> str | None:
    """Why the shop's setting of that name cannot have that value; None when it can, or there is no such setting."""
    for known in definitions(included_root()).settings:
        if known.name == setting.replace("-", "_"):
            return known.refusal(value)
    return None
