"""No way around the rule: whatever can be asked of app/ with a caller asks whether that caller may."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import drills.app

#: The modules of the rule itself.
RULE = {"access", "situations"}
#: They tell nothing of a drill and change nothing: what they check was written by the caller, or is in its files.
ASK_NOTHING = {"level_of", "require_possible", "require_system"}


def functions_with_a_caller() -> Iterator[tuple[str, set[str], set[str]]]:
    """The public functions that take a context or a caller: their names, and what they and their modules call."""
    for path in sorted(Path(drills.app.__file__).parent.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        made = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        for name, node in made.items():
            takes = {argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)}
            if takes & {"context", "caller"} and not name.startswith("_") and path.stem not in RULE:
                called = calls(node)
                inner = set().union(*(calls(made[each]) for each in called & made.keys()), set())
                yield name, called, inner


def calls(node: ast.AST) -> set[str]:
    """The names of the functions and methods that are called in it."""
    found = {each.func for each in ast.walk(node) if isinstance(each, ast.Call)}
    return {each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "") for each in found}


def test_every_function_that_knows_its_caller_asks_the_rule() -> None:
    known = {name: called | inner for name, called, inner in functions_with_a_caller()}
    # `shown_links` asks for those who show links, and hides what must not be seen.
    asking = {"require", "require_on_machine", "require_on_sandbox", "allowed", "shown_links"}
    asked = {name for name, called in known.items() if called & asking}
    assert len(asked) > 15
    # A timeline that is handed on is one of a report, which `stored_timeline` asks for.
    assert {name for name in known.keys() - asked if "stored_timeline" not in known[name]} == ASK_NOTHING
