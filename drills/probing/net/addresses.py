"""`${name}` in a probe's texts: an address of the sandbox. `$${name}` is the text `${name}` itself, as in gatus.

    ${app}/health     http://127.0.0.1:18080/health
    $${amount}        ${amount}
    $$${app}          $http://127.0.0.1:18080
    $ {x}, $$, a$b    as they stand

So of several dollars before a brace, every pair is one dollar, and an odd one begins a name. Keys and list items are
read as well. Assertions name no addresses: there `${x}` is text, and may be written `$${x}` as everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

#: The pairs of dollars, and the name after an odd one; or the pairs before a brace.
_PLACEHOLDER = re.compile(r"(?<!\$)((?:\$\$)*)(?:\$\{([^}]*)\}|(?<=\$)\{)")
_OPEN = re.compile(r"(?<!\$)(?:\$\$)*\$\{[^}]*$")

YamlPath = tuple[str | int, ...]


def filled(value: Any, address: Callable[[str], str]) -> Any:
    """The same with `address(name)` for each placeholder, in texts within mappings and lists too."""
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda match: _written_out(match, address), value)
    if isinstance(value, dict):
        return {filled(key, address): filled(item, address) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, address) for item in value]
    return value


def escaped(value: Any) -> Any:
    """What `filled` makes this value of again, whatever the addresses are: for what was filled once already."""
    if isinstance(value, str):
        return re.sub(r"(\$+)\{", r"\1\1{", value)
    if isinstance(value, dict):
        return {escaped(key): escaped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [escaped(item) for item in value]
    return value


def literal(text: str) -> str:
    """A text that names no addresses, with `$${` as `${`."""
    return str(filled(text, lambda name: f"${{{name}}}"))


def named(value: Any, yaml_path: YamlPath = ()) -> Iterator[tuple[YamlPath, str]]:
    """The names of all placeholders, each with the path of its text; one in a key has the path of that key."""
    for where, text in _texts(value, yaml_path):
        yield from ((where, match[2]) for match in _PLACEHOLDER.finditer(text) if match[2] is not None)


def unclosed(value: Any, yaml_path: YamlPath = ()) -> Iterator[YamlPath]:
    """The paths of texts in which a `${` has no `}`: it is sent unchanged."""
    return (where for where, text in _texts(value, yaml_path) if _OPEN.search(text))


def _texts(value: Any, yaml_path: YamlPath) -> Iterator[tuple[YamlPath, str]]:
    if isinstance(value, str):
        yield yaml_path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield (*yaml_path, key), key
            yield from _texts(item, (*yaml_path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*yaml_path, index))


def _written_out(match: re.Match[str], address: Callable[[str], str]) -> str:
    dollars = "$" * (len(match[1]) // 2)
    return dollars + ("{" if match[2] is None else address(match[2]))
