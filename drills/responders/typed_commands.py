"""A command as it was typed, and the secrets in it by what its words mean: `set NAME=VALUE`, SQL, Redis."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Sequence
from itertools import pairwise

from drills.masking.masking import MASK, mask, secrets_in
from drills.masking.secret_names import tells_secret

_NAME_AND_VALUE = re.compile(r"(?P<name>-{0,2}[A-Za-z_][\w.-]*)=(?P<value>.+)", re.DOTALL)
#: Before a password, or its hash, in ACL SETUSER.
_ACL_PASSWORD = frozenset("><#!")


def typed_secrets(words: Sequence[str], names: Collection[str] = ()) -> tuple[str, ...]:
    """The secrets among the words of a command line; `names` are settings whose values are secret."""
    secret_names = {name.replace("-", "_") for name in names}
    found: set[str] = set()
    for word in words:
        pair = _NAME_AND_VALUE.fullmatch(word)
        if pair and (tells_secret(pair["name"]) or pair["name"].lstrip("-").replace("-", "_") in secret_names):
            found.add(pair["value"])
        else:
            found.update(secrets_in(word, names=names))
    found.update(value for option, value in pairwise(words) if option.startswith("-") and tells_secret(option))
    found.update(_of_redis(words))
    return tuple(found - {""})


def typed_command(words: Sequence[str], names: Collection[str] = (), known: Collection[str] = ()) -> str:
    """The command line as a shell would take it, without its secrets and those that are known."""
    typed = typed_secrets(words, names)
    return " ".join(_quoted(_masked(word, typed, names, known)) for word in words)


def _masked(word: str, typed: Collection[str], names: Collection[str], known: Collection[str]) -> str:
    if word in typed:
        return MASK
    if word[:1] in _ACL_PASSWORD and word[1:] in typed:
        return f"{word[0]}{MASK}"
    pair = _NAME_AND_VALUE.fullmatch(word)
    if pair and pair["value"] in typed:
        return f"{pair['name']}={MASK}"
    return mask(word, (*typed, *known), names=names)


def _quoted(word: str) -> str:
    return shlex.quote(word.replace(MASK, "_MASK_")).replace("_MASK_", MASK)


def _of_redis(words: Sequence[str]) -> list[str]:
    """AUTH [user] password, HELLO … AUTH user password, CONFIG SET requirepass …, ACL SETUSER … >password, MIGRATE."""
    lowered = [word.lower() for word in words]
    if "redis" not in lowered:
        return []
    begin = lowered.index("redis") + 1
    words, lowered = words[begin:], lowered[begin:]
    found: list[str] = []
    for index, word in enumerate(lowered):
        rest = [each for each in words[index + 1 :] if not each.startswith("--")]
        if word == "auth2" or (word == "auth" and "hello" in lowered[:index]):
            found += rest[1:2]
        elif word == "auth":
            found += rest[:1] if "migrate" in lowered[:index] else rest[:2][-1:]
        elif word in ("requirepass", "masterauth"):
            found += rest[:1]
        elif word == "setuser":
            found += [each[1:] for each in rest if each[:1] in _ACL_PASSWORD]
    return found
