"""Which compose files, and which project name, `docker compose` itself would choose in a folder.

    name:  COMPOSE_PROJECT_NAME (environment, else .env) > the last top-level `name:` > the folder's name
    files: those that are asked for > COMPOSE_FILE (environment, else .env) > the usual names, with their override

The rules are those of compose-go 2.9 (cli/options.go, loader.go) and Compose 2.39 (cmd/compose/compose.go).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from drills.errors import BadInput
from drills.sandbox.compose.project import normalised
from drills.text_files import UnreadableFile, read_text

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML built without libyaml: slower, the same events
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

#: In Compose's order of preference.
USUAL_FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
USUAL_OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
_TRUE = ("1", "t", "T", "TRUE", "true", "True")  # Go's strconv.ParseBool
_ASSIGNED = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*[=:]\s*(.*?)\s*$")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Selection:
    """`folder` is what relative paths start from; `files` are in Compose's order, later ones add to the first."""

    name: str
    folder: Path
    files: tuple[Path, ...]
    profiles: tuple[str, ...] = ()
    """The active ones (COMPOSE_PROFILES)."""


def select(
    folder: Path,
    asked: Sequence[str] = (),
    environment: Mapping[str, str] = os.environ,
    *,
    name: str | None = None,
    ask_compose: Callable[[Selection], str] | None = None,
) -> Selection:
    """What Compose would choose in that folder, `asked` and `name` being what its command line says.

    A name that Compose has to put together from variables is asked of it by `ask_compose`, where that is given. Raises
    BadInput when there is no such file, or when the name cannot be a project's.
    """
    base = _beside(folder, asked[0]).parent if asked else folder
    variables = {**env_file_variables(base, environment), **environment}
    files = _files(folder, asked, variables)
    missing = next((file for file in files if not file.is_file()), None)
    if missing is not None:
        raise BadInput(f"there is no compose file {os.path.relpath(missing, folder)}")
    base = files[0].parent
    variables = {**env_file_variables(base, environment), **variables}
    name = name or variables.get("COMPOSE_PROJECT_NAME") or next(reversed([*_names(files)]), "")
    if "$" in name:
        without = Selection("", base, files)
        name = ask_compose(without) if ask_compose is not None else _filled(name, variables)
    name = name or normalised(base.name)
    if not _NAME.fullmatch(name):
        right = "a project's name is of a-z, 0-9, - and _, and begins with a letter or digit"
        raise BadInput(f"the compose project's name {name!r} cannot be used: {right}")
    profiles = (each.strip() for each in variables.get("COMPOSE_PROFILES", "").split(","))
    return Selection(name, base, files, tuple(each for each in profiles if each))


def _files(folder: Path, asked: Sequence[str], variables: Mapping[str, str]) -> tuple[Path, ...]:
    if asked:
        return tuple(_beside(folder, each) for each in asked)
    if named := variables.get("COMPOSE_FILE"):
        separator = variables.get("COMPOSE_PATH_SEPARATOR") or os.pathsep
        return tuple(_beside(folder, each) for each in named.split(separator) if each)
    usual = next((folder / name for name in USUAL_FILES if (folder / name).is_file()), None)
    if usual is None:
        raise BadInput(f"{folder}: there is no {', '.join(USUAL_FILES[:-1])} or {USUAL_FILES[-1]} here")
    override = next((folder / name for name in USUAL_OVERRIDES if (folder / name).is_file()), None)
    return (usual,) if override is None else (usual, override)


def _beside(folder: Path, name: str) -> Path:
    return Path(os.path.normpath(folder / name))


def env_file_variables(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of .env, or of the files of COMPOSE_ENV_FILES; a later one wins."""
    if named := environment.get("COMPOSE_ENV_FILES"):
        paths = [_beside(folder, each) for each in named.split(",") if each]
    elif environment.get("COMPOSE_DISABLE_ENV_FILE") in _TRUE:
        return {}
    else:
        paths = [folder / ".env"]
    found: dict[str, str] = {}
    for path in paths:
        for line in _lines(path):
            if (assigned := _ASSIGNED.match(line)) is not None and not line.lstrip().startswith("#"):
                found[assigned[1]] = _value(assigned[2])
    return found


def _lines(path: Path) -> list[str]:
    try:
        return read_text(path).splitlines()
    except (UnreadableFile, OSError):
        return []  # Compose says itself what is wrong with it.


def _value(written: str) -> str:
    if written[:1] in ("'", '"'):
        return written[1:].partition(written[0])[0]
    return re.split(r"\s#", written, maxsplit=1)[0].rstrip() if not written.startswith("#") else ""


def _names(files: Sequence[Path]) -> Iterator[str]:
    """The top-level `name:` of each file that has one."""
    for file in files:
        try:
            yield from _name_in(read_text(file))
        except (UnreadableFile, OSError, yaml.YAMLError):
            continue  # Compose says itself what is wrong with it.


def _name_in(text: str) -> Iterator[str]:
    depth, key = 0, ""
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.CollectionStartEvent):
            depth, key = depth + 1, ""
        elif depth == 1 and isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
            value = event.value if isinstance(event, yaml.ScalarEvent) else ""
            if key == "name" and value:
                yield value
            key = "" if key else value


def _filled(name: str, variables: Mapping[str, str]) -> str:
    """As far as it can be told without Compose: plain variables, and defaults."""

    def fill(found: re.Match[str]) -> str:
        return variables.get(found[1] or found[2]) or found[3] or ""

    return re.sub(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::?-([^}]*))?\})", fill, name)
