"""What stands in braces after a block's language, in both of Runme's notations, and what of it Runme alone needs.

JSON, `{"name":"restart","timeout":"30s"}`, and HTML-like pairs, `{ name=restart timeout=30s }`, as Runme reads and
writes them (runmedev/runme, document/attributes.go; docs.runme.dev, Cell-level options). A file that Runme has saved
loads: it writes an `id` to every block and all values as text. Attributes that would make a step do something else than
in Runme are refused; where only the circumstances differ, the author is warned.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

#: Of no meaning for a step that nobody watches in an editor.
_SHOWN_ONLY = frozenset((
    "id", "category", "tag", "closeTerminalOnSuccess", "openTerminal", "mimeType", "mimetype", "terminalRows",
    "skipPrompts", "runmeName", "isNamed",
))  # fmt: skip
_PAIR = re.compile(r"""\s*([A-Za-z_][\w-]*)(?:=("[^"]*"|'[^']*'|[^\s}]*))?""")
_LOOKS_LIKE_PAIRS = re.compile(r"\s*[A-Za-z_][\w-]*=")
_ON = frozenset(("true", "1", "yes", "on", "t", "always"))


class NotationError(ValueError):
    """The attributes cannot be used; one line: what is wrong; what would be right."""


@dataclass(frozen=True, slots=True)
class Notation:
    """A block's language and attributes. `attributes` are what a step has; None when the block is no step.

    `remarks` are what its author should know, each with what would be right.
    """

    language: str
    attributes: dict[str, Any] | None
    remarks: tuple[tuple[str, str], ...] = ()


def read_notation(info: str, shells: tuple[str, ...]) -> Notation:
    """Read a fence's info string that has a brace. Raises NotationError."""
    language, _, rest = info.partition("{")
    language = language.strip()
    given = _attributes("{" + rest, executable=language in shells)
    if given is None:
        return Notation(language, None)
    if _is_on(given.get("ignore")) or ("transform" in given and not _is_on(given["transform"])):
        return Notation(language, None)
    own = {key: value for key, value in given.items() if key not in _SHOWN_ONLY}
    remarks = _remarks(own)
    interpreter = own.pop("interpreter", None)
    for key in ("ignore", "transform", "interactive", "promptEnv", "background"):
        own.pop(key, None)
    if not own:
        unnamed = ("has no name, so it is not executed", 'write {"name":"…"}, or "ignore":true if it is an example')
        return Notation(language, None, (unnamed,) if language in shells else ())
    if interpreter:
        language = str(interpreter).split("/")[-1]
    if language not in shells:
        raise NotationError(
            f"a block in {language or 'no language'!r} cannot be executed; write {' or '.join(shells)}"
            + (', or "ignore":true for one that is only shown' if language else "")
        )
    return Notation(language, own, remarks)


def _attributes(text: str, *, executable: bool) -> dict[str, Any] | None:
    """None for braces of another meaning, such as lines to highlight, after a language that is not executed."""
    if _LOOKS_LIKE_PAIRS.match(text[1:]):
        return _pairs(text)
    try:
        given = json.loads(text, object_pairs_hook=_without_doubles)
    except json.JSONDecodeError as error:
        if not executable and '"' not in text:
            return None
        raise NotationError(f'the attributes are not JSON ({error.msg}); write {{"name":"…"}}') from None
    except RecursionError:
        raise NotationError('the attributes are nested too deeply; write {"name":"…"}') from None
    return dict(given)


def _pairs(text: str) -> dict[str, Any]:
    body, brace, after = text[1:].partition("}")
    if not brace or after.strip():
        raise NotationError("the attributes do not end with one brace; write { name=… }")
    found: dict[str, Any] = {}
    position = 0
    while body[position:].strip():
        pair = _PAIR.match(body, position)
        if pair is None or pair.end() == position:
            raise NotationError(
                f"the attributes cannot be read from {body[position:].strip()[:40]!r}; write name=value"
            )
        if pair[1] in found:
            raise NotationError(f"{pair[1]}: given twice; take one away")
        found[pair[1]] = "true" if pair[2] is None else pair[2].strip("\"'")
        position = pair.end()
    return found


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise NotationError(f"{double}: given twice; take one away")
    return found


def _remarks(given: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Raises NotationError for what would make a step do something else than in Runme."""
    if _is_on(given.get("background")):
        raise NotationError("background: a step ends with all that it started; write what is to go on into its command")
    if given.get("cwd"):
        raise NotationError(f"cwd: steps begin in the workspace's folder; write `cd {given['cwd']}` into the block")
    remarks = []
    if _is_on(given.get("interactive")):
        remarks.append(("interactive: nobody answers a step; its input is empty", "write interactive false"))
    if _is_on(given.get("promptEnv")):
        remarks.append(
            ("promptEnv: nobody is asked for variables", "set them before the drill, or in an earlier block")
        )
    if re.fullmatch(r"[A-Z][A-Z0-9_]{2,}", str(given.get("name", ""))):
        remarks.append((
            f"Runme would give the output to later blocks as ${given['name']}; here only what is exported is handed on",
            f"write `export {given['name']}=$(…)`, or a name in small letters",
        ))  # fmt: skip
    return tuple(remarks)


def _is_on(value: Any) -> bool:
    return str(value).lower() in _ON
