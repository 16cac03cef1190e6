"""How texts are put into the SQL of PostgreSQL."""

from __future__ import annotations


def literal(text: str) -> str:
    """A text as SQL writes it, whatever is in it but a NUL and whatever the server's settings are."""
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
