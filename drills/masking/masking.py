"""Secrets are masked before anything is kept as evidence: those that are known, and what looks like one.

Known secrets come first: the settings of the sandbox that are secret, what a command was given, variables whose names
show it. They are found also where a terminal has wrapped them, and as they stand in a URL, in JSON or in base64.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache
from urllib.parse import quote, quote_plus, unquote, urlsplit

from drills.masking.secret_forms import secret_spans
from drills.masking.secret_names import tells_secret

MASK = "•••"

#: A shorter value is not searched for by itself: masking it would spoil ordinary words. It is masked after a name.
SHORTEST = 4
#: A value of letters alone, or a short one, may be a common word: it is masked as a whole word only.
_LONG = 8

_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\)")
#: What a terminal or a table puts between two characters of a word that does not fit on its line.
_WRAP = r"(?:[ \t│|]{0,120}\r?\n[ \t│|]{0,120})?"
_FOLDERS = ("PWD", "OLDPWD")
_SWITCHES = frozenset(("true", "false", "none", "null", "enabled", "disabled", "required", "auto"))


def shown(output: str) -> str:
    """What a terminal shows of it: without colours and other sequences, with plain ends of lines."""
    return _ANSI.sub("", output).replace("\r\n", "\n")


def mask(text: str, secrets: Iterable[str] = (), *, names: Collection[str] = ()) -> str:
    """The text without terminal colours and without secrets: those given, and what looks like one.

    `names` are names of settings whose values are secret, in addition to those that are recognised by their names.
    """
    text = shown(text)
    known = _known(frozenset(secrets))
    spans = [found.span() for found in known.finditer(text)] if known is not None else []
    spans.extend(secret_spans(text, _telling(names)))
    return _replace(text, spans)


def secrets_in(text: str, *, names: Collection[str] = ()) -> tuple[str, ...]:
    """What looks like a secret in a command: its output may repeat it."""
    text = shown(text)
    return tuple({text[start:end].strip("\"'") for start, end in secret_spans(text, _telling(names))})


def secrets_of(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The values of variables whose names show that they are secret, and the passwords in addresses of others."""
    named = [
        value
        for name, value in environment.items()
        if tells_secret(name) and name not in _FOLDERS and len(value) >= SHORTEST and value.lower() not in _SWITCHES
    ]
    return (*named, *(password for value in environment.values() if (password := _password(value))))


def _telling(names: Collection[str]) -> Callable[[str], bool]:
    if not names:
        return tells_secret
    further = {name.replace("-", "_").lower() for name in names}
    return lambda name: tells_secret(name) or name.replace("-", "_").lower() in further


def _password(address: str) -> str | None:
    if "://" not in address or "@" not in address:
        return None
    try:
        found = urlsplit(address).password
    except ValueError:
        return None
    return unquote(found) if found else None


def _replace(text: str, spans: Collection[tuple[int, int]]) -> str:
    kept = []
    position = 0
    for start, end in sorted(spans):
        if start > position or (start == position == 0):
            kept.append(text[position:start])
            kept.append(MASK)
        elif end > position and start == position:
            kept.append(MASK)
        position = max(position, end)
    kept.append(text[position:])
    return "".join(kept)


@lru_cache(maxsize=64)
def _known(secrets: frozenset[str]) -> re.Pattern[str] | None:
    """Finds all of them, the longest first; None when there is nothing to check for."""
    forms = {form for secret in secrets for form in _forms(secret.strip())}
    if not forms:
        return None
    return re.compile("|".join(_expression(form) for form in sorted(forms, key=lambda form: (-len(form), form))))


def _forms(secret: str) -> Iterable[str]:
    """As it stands in text, in a URL, in JSON, in SQL and in base64; each line of one that has several."""
    if len(secret) < SHORTEST or secret == MASK:
        return
    yield secret
    yield from (quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1])
    yield from (json.dumps(secret, ensure_ascii=False)[1:-1], secret.replace("'", "''"))
    if len(secret) >= _LONG:
        yield base64.b64encode(secret.encode(errors="replace")).decode()
    yield from (line.strip() for line in secret.splitlines() if len(line.strip()) >= _LONG)


def _expression(form: str) -> str:
    if len(form) < _LONG or form.isalpha():
        return rf"(?<![\w-]){re.escape(form)}(?![\w-])"
    return _WRAP.join(re.escape(character) for character in form)
