"""The URL of a MySQL or MariaDB server as its client library wants it: `mysql://user:password@host:port/database`."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

USUAL_PORT = 3306


def login_of(url: str) -> dict[str, Any]:
    """The arguments of `pymysql.connect` that the URL says."""
    parts = urlsplit(url)
    return {
        "host": parts.hostname or "127.0.0.1",
        "port": parts.port or USUAL_PORT,
        "user": unquote(parts.username or "root"),
        "password": unquote(parts.password or ""),
        "database": unquote(parts.path.removeprefix("/")) or None,
        "charset": "utf8mb4",
    }
