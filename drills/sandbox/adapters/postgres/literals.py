"""How texts are put into the SQL of PostgreSQL."""

from __future__ import annotations


def identifier(name: str) -> str:
    """A name with its schema or without, whatever words it is made of: `public.user` is `"public"."user"`."""
    return ".".join(f'"{part}"' for part in name.split("."))


def literal(text: str) -> str:
    """A text as SQL writes it, whatever is in it but a NUL and whatever the server's settings are."""
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
