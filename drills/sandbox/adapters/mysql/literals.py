"""How names and texts are put into the SQL of MySQL."""

from __future__ import annotations


def literal(text: str) -> str:
    """A text as SQL writes it, whatever is in it and whatever sql_mode is."""
    return f"CONVERT(0x{text.encode().hex()} USING utf8mb4)" if text else "''"


def quoted(text: str) -> str:
    """A text where SQL takes no expression, such as a password; without quotes, backslashes and controls in it."""
    if not text.isprintable() or set(text) & {"'", "\\"}:
        raise ValueError("it has a character that cannot be quoted")
    return f"'{text}'"


def of_table(table: str) -> tuple[str, str]:
    """The schema, as SQL, and the plain name of `orders` or `app.orders`."""
    schema, dot, name = table.rpartition(".")
    return (literal(schema) if dot else "DATABASE()"), name


def identifier(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def written(name: str) -> str:
    """A name with its schema or without, whatever words it is made of."""
    return ".".join(identifier(part) for part in name.split("."))
