"""Writes the table of kinds of faults in docs/scenarios.md from the kinds themselves.

python -m acceptance.fault_table

What happens is the first paragraph of the file that a kind is in; the settings are its fields.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from enum import Enum

from pydantic.fields import FieldInfo

from acceptance.harness import ROOT
from drills.faults.fault import Fault
from drills.faults.included import INCLUDED
from drills.faults.registry import FAULTS
from drills.model.durations import format_duration
from drills.model.playbook import kebab

DOCUMENT = ROOT / "docs" / "scenarios.md"
_HEAD = "| kind | settings | what happens |\n|---|---|---|\n"


def table() -> str:
    """Of the included kinds, in Markdown, a line each in the order of the registry."""
    kinds = {name: FAULTS[name] for name in INCLUDED}
    return _HEAD + "".join(
        f"| `{name}` | {', '.join(_settings(kind)) or '–'} | {_what_happens(kind)} |\n" for name, kind in kinds.items()
    )


def replaced(text: str, made: str) -> str:
    """The page with its table replaced by this one. Raises ValueError when it has none."""
    start = text.index(_HEAD)
    end = start + sum(len(line) for line in _lines(text[start:]))
    return text[:start] + made + text[end:]


def _lines(text: str) -> Iterator[str]:
    """Those of the table that the text begins with."""
    for line in text.splitlines(keepends=True):
        if not line.startswith("|"):
            return
        yield line


def _settings(kind: type[Fault]) -> Iterator[str]:
    for name, field in kind.model_fields.items():
        described, default = _described(field), _default(field)
        said = f"{described}; default {default}" if described and default else described or default
        yield f"`{kebab(name)}`" + (f" ({said})" if said else "")


def _described(field: FieldInfo) -> str:
    text = (field.description or "").rstrip(".").replace("|", "\\|")
    is_word = text[1:2].islower() or text[:2] == "A "
    return text[:1].lower() + text[1:] if is_word else text


def _default(field: FieldInfo) -> str:
    """Only where there is one that says something."""
    if field.is_required() or field.default_factory is not None or field.default in (None, ""):
        return ""
    match field.default:
        case bool(value):
            return str(value).lower()
        case timedelta() as value:
            return format_duration(value)
        case Enum() as value:
            return str(value.value)
        case value:
            return f"{value:g}" if isinstance(value, float) else str(value)


def _what_happens(kind: type[Fault]) -> str:
    first, _, _ = (sys.modules[kind.__module__].__doc__ or "").partition("\n\n")
    return " ".join(first.split()).rstrip(".").replace("|", "\\|")


def main() -> int:
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(replaced(text, table()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
