"""What a plain YAML scalar stands for: the core schema of YAML 1.2, without octal and hexadecimal numbers.

So `on`, `yes`, `14:00`, `1_000`, `010` and dates are text, as in editors; YAML 1.1 reads them otherwise.
"""

from __future__ import annotations

import math
import re

#: Digits of a whole number: what every database, and CEL, can hold.
MOST_DIGITS = 18

Scalar = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)")
_TAGGED: dict[str, tuple[str, type | tuple[type, ...]]] = {
    "int": ("a whole number", int),
    "float": ("a number", (int, float)),
    "bool": ("true or false", bool),
    "null": ("null", type(None)),
}


def plain_scalar(text: str) -> Scalar:
    """The value of a scalar without quotes and tag. Raises ValueError for a number out of bounds."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        digits = len(text.lstrip("+-"))
        if digits > MOST_DIGITS:
            raise ValueError(
                f"is a number of {digits:,} digits, and at most {MOST_DIGITS} are read; quote it if it is text"
            )
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            raise ValueError("is a number that is too large; write a smaller one, or quote it if it is text")
        return number
    return text


def tagged_scalar(tag: str, text: str) -> Scalar:
    """The value of a scalar with one of YAML's own tags (`!!str 5`). Raises ValueError for others, and other values."""
    name = tag.removeprefix("tag:yaml.org,2002:")
    if tag == "!" or name == "str":
        return text
    if name not in _TAGGED:
        raise ValueError(f"has the tag {shown_tag(tag)}, which means nothing here; write the value without it")
    said, kind = _TAGGED[name]
    value = plain_scalar(text)
    if not isinstance(value, kind) or (isinstance(value, bool) and name != "bool"):
        raise ValueError(f"has the tag !!{name}, but {text!r} is not {said}; write {said}, or no tag")
    return float(value) if name == "float" and isinstance(value, int) else value


def shown_tag(tag: str) -> str:
    """As it is written in a file."""
    return "!!" + tag.removeprefix("tag:yaml.org,2002:") if tag.startswith("tag:yaml.org,2002:") else tag
