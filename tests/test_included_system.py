"""Nothing but its own folder names the included system: it is a system like any other.

Imports, identifiers and literals count; prose does not (docstrings, comments).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "drills"
#: Where the included system's own names belong.
OWN = PACKAGE / "included_shop"

#: Services, links and addresses that no other system has by chance; `database` and `cache` are words of everybody's.
NAMES = re.compile(r"app|app-direct|external-api|edge|edge-address|app-(database|cache|external-api)")
#: Its package, variables, metrics and role; its tables in a statement.
PARTS = re.compile(r"(\b|_)shop\b|shop_|\bfrom (orders|customers|products|api_keys|audit_log)\b|\borders_", re.I)
IDENTIFIER = re.compile(r"shop", re.I)
#: A line of a table of kinds, as anybody's entry point is one.
ENTRY = re.compile(r"[a-z_]+(\.[a-z_]+)+:[A-Z][A-Za-z]*( \[[a-z, ]+\])?")


def namings(path: Path) -> Iterator[str]:
    """Each place that names the included system, as `line: what`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module)) if "shop" in module:
                yield f"{node.lineno}: import of {module}"
            case ast.Constant(value=str(text)) if id(node) not in prose:
                if NAMES.fullmatch(text) or (PARTS.search(text) and not ENTRY.fullmatch(text)):
                    yield f"{node.lineno}: {text[:60]!r}"
            case (
                ast.Name(id=name)
                | ast.Attribute(attr=name)
                | ast.arg(arg=name)
                | ast.FunctionDef(name=name)
                | (ast.ClassDef(name=name))
            ) if IDENTIFIER.search(name):
                yield f"{node.lineno}: {name}"
            case _:
                pass


def files() -> dict[str, list[str]]:
    """The files of the package that name it, each with its places."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        if not path.is_relative_to(OWN) and (places := list(namings(path))):
            found[path.relative_to(PACKAGE).as_posix()] = places
    return found


def test_only_its_own_folder_names_the_included_system() -> None:
    named = files()
    assert not named, f"these name the included system; ask capabilities and declarations instead: {named}"


@pytest.mark.parametrize(
    ("code", "is_naming"),
    [
        ("from drills.included_shop.names import Service", True),
        ('reach("external-api")', True),
        ('ask("SELECT count(*) FROM orders")', True),
        ('count("shop_logins_total")', True),
        ("shop_root = 1", True),
        ('KINDS = {"included": "drills.included_shop.system:Shop"}', False),
        ('"""The shop has an app and an edge."""', False),
        ('check("database")', False),
        ('say("a workshop at the shopping centre")', False),
    ],
)
def test_what_counts(code: str, is_naming: bool, tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text(code, encoding="utf-8")
    assert bool(list(namings(tmp_path / "code.py"))) is is_naming
