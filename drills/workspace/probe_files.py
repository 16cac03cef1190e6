"""The files of probes/: each a list of probes, or a mapping with `format` and `probes`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from drills.errors import InvalidFiles, Problem
from drills.model.playbook import kebab
from drills.model.probe import ProbeSpec
from drills.nearest import suggest
from drills.probing.registry import PROBE_KINDS
from drills.workspace.models import build_at, newer_format
from drills.workspace.yaml_lines import Document, YamlPath, read_document

#: The keys of a probe beside the one that names its kind.
PROBE_KEYS = tuple(kebab(name) for name in ProbeSpec.model_fields if name not in ("kind", "settings"))
#: Names of kinds that version 0.1 had, with what they are called now; their settings are the same.
OLD_KINDS = {"process": "container"}


@dataclass(frozen=True)
class LocatedProbe:
    """A probe and where it stands."""

    spec: ProbeSpec
    document: Document
    yaml_path: YamlPath


#: By the kind of a probe, settings for those that it leaves out.
Usual = Mapping[str, Mapping[str, JsonValue]]


def load_probes(
    paths: Sequence[Path], shown: Callable[[Path], str], root: Path, usual: Usual
) -> Mapping[str, ProbeSpec]:
    """Every probe by its name. Raises InvalidFiles with the problems of all files."""
    probes, problems = read_probes([read_document(path, shown(path)) for path in paths], root, usual)
    if wrong := [each for each in problems if not each.warning]:
        raise InvalidFiles(wrong)
    return {probe.spec.name: probe.spec for probe in probes}


def read_probes(
    documents: Sequence[Document], root: Path, usual: Usual
) -> tuple[tuple[LocatedProbe, ...], tuple[Problem, ...]]:
    """The probes that can be used, and all that is wrong with the others. `root` is what files are relative to."""
    probes: dict[str, LocatedProbe] = {}
    problems: list[Problem] = []
    for document in documents:
        newer = newer_format(document)
        if document.problems or newer:
            problems += document.problems or ([newer] if newer else [])
            continue
        items, wrong = _items(document)
        problems += wrong
        for yaml_path, data in items:
            spec, wrong = _read_probe(document, yaml_path, data)
            problems += wrong
            if spec is not None and spec.name in probes:
                problems.append(_twice(document, yaml_path, probes[spec.name]))
            elif spec is not None:
                probes[spec.name] = LocatedProbe(_with_files_of(root, _completed(spec, usual)), document, yaml_path)
    return tuple(probes.values()), tuple(problems)


def _completed(spec: ProbeSpec, usual: Usual) -> ProbeSpec:
    """With what the probe leaves out, also of a mapping that it writes in part."""
    own = dict(spec.settings)
    for key, known in usual.get(spec.kind, {}).items():
        written = own.setdefault(key, known)
        if isinstance(written, dict) and isinstance(known, dict):
            own[key] = {**known, **written}
    return spec if own == spec.settings else spec.model_copy(update={"settings": own})


def _with_files_of(root: Path, spec: ProbeSpec) -> ProbeSpec:
    """Commands are given in any folder: what a probe names does not depend on it."""
    kind = PROBE_KINDS[spec.kind]
    vantages = {
        name: own.model_copy(update={"settings": _from(root, own.settings, kind.files)})
        for name, own in spec.vantages.items()
    }
    usual = {name: field.default for name, field in kind.model_fields.items() if name in kind.files}
    settings = _from(root, {**usual, **spec.settings}, kind.files)
    return spec.model_copy(update={"settings": settings, "vantages": vantages})


def _from(root: Path, settings: Mapping[str, JsonValue], files: frozenset[str]) -> dict[str, JsonValue]:
    found = dict(settings)
    for name in files & settings.keys():
        file = settings[name]
        if file is None:
            del found[name]
        elif isinstance(file, str) and not file.startswith("${"):
            found[name] = str(root / file)
    return found


def _items(document: Document) -> tuple[list[tuple[YamlPath, Any]], list[Problem]]:
    """The probes' data, each with its path in the document."""
    data = document.data
    around: YamlPath = ()
    problems: list[Problem] = []
    if isinstance(data, Mapping):
        around = ("probes",)
        keys = ("format", "probes")
        for key in data:
            if key not in keys:
                problems.append(document.problem((key,), "unknown key", suggest(str(key), keys)))
        data = data.get("probes")
    if data is None:
        return [], problems
    if not isinstance(data, list):
        return [], [*problems, document.problem(around, "is not a list", "write each probe as `- name: …`")]
    return [((*around, index), item) for index, item in enumerate(data)], problems


def _read_probe(document: Document, yaml_path: YamlPath, data: Any) -> tuple[ProbeSpec | None, list[Problem]]:
    if not isinstance(data, Mapping):
        return None, [document.problem(yaml_path, "is not a probe", "write `- name: …` and its keys")]
    others = [key for key in data if key not in PROBE_KEYS]
    kinds = [key for key in others if key in PROBE_KINDS or key in OLD_KINDS]
    problems = list(_about_kinds(document, yaml_path, data, others, kinds))
    plain = {key: item for key, item in data.items() if key in PROBE_KEYS}
    kind = kinds[0] if kinds else "unknown"
    settings = data.get(kind) if kinds else {}
    if not (settings is None or isinstance(settings, Mapping)):
        problems.append(document.problem((*yaml_path, kind), "is not a mapping", "write the kind's settings under it"))
        settings = {}
    named = OLD_KINDS.get(kind, kind)
    if named != kind:
        wrong_name = f"is the old name of the kind {named}"
        problems.append(document.problem((*yaml_path, kind), wrong_name, f"write {named}", warning=True))
    spec, wrong = build_at(document, yaml_path, {**plain, "kind": named, "settings": settings or {}}, ProbeSpec)
    problems += wrong
    return (None if any(not each.warning for each in problems) else spec), problems


def _about_kinds(
    document: Document, yaml_path: YamlPath, data: Mapping[str, Any], others: list[str], kinds: list[str]
) -> Iterator[Problem]:
    if len(kinds) > 1:
        wrong = f"is a second kind beside {kinds[0]}"
        yield document.problem((*yaml_path, kinds[1]), wrong, "make it a probe of its own")
    for key in others:
        if key in kinds:
            continue
        if not kinds and (isinstance(data[key], Mapping) or len(others) == 1):
            yield document.problem((*yaml_path, key), "unknown kind of probe", PROBE_KINDS.why_not(str(key)))
        else:
            yield document.problem((*yaml_path, key), "unknown key", suggest(key, PROBE_KEYS))
    if not others:
        known = ", ".join(sorted(PROBE_KINDS))
        yield document.problem(yaml_path, "has no kind", f"write one of {known} with its settings under it")


def _twice(document: Document, yaml_path: YamlPath, other: LocatedProbe) -> Problem:
    first = f"{other.document.file}:{other.document.line(other.yaml_path)}"
    wrong = f"{other.spec.name!r} is already the name of the probe at {first}"
    return document.problem((*yaml_path, "name"), wrong, "give it another name")
