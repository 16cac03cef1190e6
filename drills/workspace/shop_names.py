"""What the included shop has, as far as it can be known without running it: releases, indexes, tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from drills.included import included_root
from drills.sandbox.definitions import definitions


@lru_cache(maxsize=1)
def shop_names() -> Mapping[str, tuple[str, ...]]:
    """The names that a fault's setting of that key may have; a key that is not there cannot be known."""
    root = included_root()
    files = (root / "shop" / "schema.py", *sorted((root / "shop" / "migrations").glob("*.up.sql")))
    schema = "\n".join(file.read_text(encoding="utf-8") for file in files)
    names = {
        "release": definitions(root).versions,
        "index": tuple(re.findall(r"CREATE (?:UNIQUE )?INDEX (?:IF NOT EXISTS )?(\w+)", schema)),
        "table": tuple(re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", schema)),
    }
    return {key: known for key, known in names.items() if known}
