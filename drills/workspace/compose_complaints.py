"""Compose's own error messages about files that it does not accept, with their lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from drills.errors import Problem
from drills.workspace.compose_lines import ComposeLines
from drills.workspace.yaml_lines import YamlPath

#: `services.web.ports[0]`, as Compose writes YAML paths.
_PLACE = r"([A-Za-z_][\w-]*(?:\.[\w./-]+?|\[\d+\]|\.\[\d+\])*)"
_RIGHT = "fix it; `docker compose config` reports the same"


def located(said: str, lines: ComposeLines) -> Problem:
    """The problem that Compose's message is about, at its file and line as far as they can be found."""
    for pattern, locate in _LOCATED:
        if (found := re.search(pattern, said)) is not None:
            return locate(found, said, lines)
    return lines.problem((), _short(said), _RIGHT)


def _of_yaml(found: re.Match[str], said: str, lines: ComposeLines) -> Problem:
    """`yaml: line 3: …`, of whichever file cannot be parsed."""
    for document in lines.documents.values():
        if document.problems and Path(document.file).name in said:
            return document.problems[0]
    broken = next((each for each in lines.documents.values() if each.problems and each.data is None), None)
    if broken is not None:
        return broken.problems[0]
    problem = lines.problem((), _short(said), _RIGHT)
    return Problem(problem.file, int(found[1]), "", problem.wrong, problem.right)


def _of_place(found: re.Match[str], said: str, lines: ComposeLines) -> Problem:
    return lines.problem(_place(found[1]), _short(said), _RIGHT)


def _of_service(found: re.Match[str], said: str, lines: ComposeLines) -> Problem:
    """`service "a" depends on undefined service "q"`: at the word that is not defined, where it is found."""
    yaml_path: YamlPath = ("services", found[1])
    kind = re.search(r"undefined (service|network|volume|secret|config)", said)
    if kind is not None:
        keys = {"service": ("depends_on", "network_mode", "links", "extends", "volumes_from")}
        for key in keys.get(kind[1], (f"{kind[1]}s",)):
            if any(document.has((*yaml_path, key)) for document in lines.documents.values()):
                yaml_path = (*yaml_path, key)
                break
    return lines.problem(yaml_path, _short(said), _RIGHT)


def _of_text(found: re.Match[str], said: str, lines: ComposeLines) -> Problem:
    return lines.at_text(re.escape(Path(found[1]).name), _short(said), _RIGHT)


_LOCATED: tuple[tuple[str, Callable[[re.Match[str], str, ComposeLines], Problem]], ...] = (
    (rf"validating \S+: {_PLACE} ", _of_place),
    (rf"interpolating {_PLACE}: ", _of_place),
    (rf"invalid interpolation format for {_PLACE}\.? ", _of_place),
    (r"line (\d+): ", _of_yaml),
    (r'^service "?([\w.-]+)"? ', _of_service),
    (r"env file (\S+) not found", _of_text),
    (r"open (\S+): ", _of_text),
    (r"invalid \w+(?: \w+)?: (\S+)", _of_text),
)


def _place(written: str) -> YamlPath:
    parts = re.findall(r"[^.\[\]]+|\[\d+\]", written)
    return tuple(int(part[1:-1]) if part.startswith("[") else part for part in parts)


def _short(said: str) -> str:
    """Without what Compose adds to each message, and without the path that the line begins with anyhow."""
    plain = re.sub(r"^validating \S+: ", "", said)
    return plain.removesuffix(": invalid compose project")
