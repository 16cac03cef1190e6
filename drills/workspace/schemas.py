"""JSON Schemas of the files of a workspace, for editors: completion, descriptions, errors while typing.

A probe's kind is the key that holds its settings, and a fault's settings stand beside its kind: both shapes are
made here from the registries, since the models accept them only after a transformation.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from drills.faults.registry import FAULTS
from drills.model.durations import format_duration
from drills.model.playbook import Playbook
from drills.model.probe import ProbeSpec
from drills.model.scenario import Scenario
from drills.model.traffic_surge import TrafficSurge
from drills.probing.registry import PROBE_KINDS
from drills.sandbox.adapters.registry import ADAPTERS
from drills.workspace.config import WorkspaceConfig
from drills.workspace.models import NEWEST_FORMAT

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def config_schema() -> Schema:
    """Of drills.yaml."""
    schema = _of(WorkspaceConfig, "A drills workspace (drills.yaml)")
    entry = schema["$defs"]["ScheduleEntry"]
    adapter = schema["$defs"]["DeclaredService"]["properties"]["adapter"]
    adapter["anyOf"] = [{"enum": sorted(ADAPTERS)}, {"type": "null"}]
    entry["allOf"] = [_exactly_one("drill", "rotation"), _exactly_one("monthly", "cron", "on", "every")]
    return schema


def scenario_schema() -> Schema:
    """Of scenarios/NAME/scenario.yaml."""
    schema = _of(Scenario, "A drill's script (scenarios/NAME/scenario.yaml)")
    kinds = []
    disturbances: dict[str, type[BaseModel]] = {**FAULTS, TrafficSurge.kind: TrafficSurge}
    for name, kind in sorted(disturbances.items()):
        settings = _absorb(schema, kind)
        settings["properties"] = {"kind": {"const": name}, **settings.get("properties", {})}
        settings["required"] = ["kind", *settings.get("required", [])]
        kinds.append(settings)
    schema["$defs"]["FaultSpec"] = {
        "description": "A kind of fault with its settings.",
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": sorted(disturbances)}},
        "oneOf": kinds,
    }
    return schema


def probes_schema() -> Schema:
    """Of probes/*.yaml: a list of probes, or a mapping with `format` and `probes`."""
    probe = _of(ProbeSpec, "Probes (probes/*.yaml)")
    schema: Schema = {"$schema": _DIALECT, "title": probe.pop("title"), "$defs": probe.pop("$defs", {})}
    probe.pop("$schema")
    for shaped in ("kind", "settings"):
        probe["properties"].pop(shaped)
    probe["required"] = ["name"]
    for name, kind in sorted(PROBE_KINDS.items()):
        settings = _absorb(schema, kind)
        may_be_empty = not settings.get("required")
        probe["properties"][name] = {"anyOf": [settings, {"type": "null"}]} if may_be_empty else settings
    probe |= _exactly_one(*sorted(PROBE_KINDS))
    schema["$defs"]["Probe"] = probe
    several = {"type": "array", "items": {"$ref": "#/$defs/Probe"}}
    properties = {"format": _format(), "probes": several}
    mapping = {"type": "object", "properties": properties, "required": ["probes"], "additionalProperties": False}
    return schema | {"anyOf": [several, mapping]}


def playbook_schema() -> Schema:
    """Of playbooks/*.yaml."""
    schema = _of(Playbook, "A severity policy (playbooks/*.yaml)")
    schema["$defs"]["Limit"]["anyOf"] = [{"required": ["within"]}, {"required": ["says"]}]
    return schema


SCHEMAS: Mapping[str, Callable[[], Schema]] = {
    "drills.schema.json": config_schema,
    "scenario.schema.json": scenario_schema,
    "probes.schema.json": probes_schema,
    "playbook.schema.json": playbook_schema,
}


def with_modeline(name: str, text: str) -> str:
    """A file of a workspace, by its path there, with the line that tells editors its schema; others as they are."""
    parts = name.split("/")
    match parts:
        case ["drills.yaml"]:
            schema = "drills"
        case ["scenarios", _, "scenario.yaml"]:
            schema = "scenario"
        case ["probes" | "playbooks" as folder, file] if file.endswith(".yaml"):
            schema = folder if folder == "probes" else "playbook"
        case _:
            return text
    return f"# yaml-language-server: $schema={'../' * (len(parts) - 1)}.drills/schemas/{schema}.schema.json\n{text}"


def write_schemas(folder: Path) -> tuple[Path, ...]:
    """Write every schema into `folder` (made if need be) and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in SCHEMAS.items():
        path = folder / name
        path.write_text(json.dumps(schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        written.append(path)
    return tuple(written)


class _AsWritten(GenerateJsonSchema):
    """Defaults in the form in which a person writes them: `10s`, kebab-case keys."""

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, timedelta):
            return format_duration(dft)
        if isinstance(dft, BaseModel):
            return dft.model_dump(mode="json", by_alias=True)
        return super().encode_default(dft)


def _of(model: type[BaseModel], title: str) -> Schema:
    schema = model.model_json_schema(by_alias=True, schema_generator=_AsWritten)
    schema = {"$schema": _DIALECT, **schema, "title": title}
    schema.setdefault("$defs", {})
    if "format" in schema["properties"]:
        schema["properties"]["format"] = _format()
    return schema


def _format() -> Schema:
    return {"description": "The version of this file format.", "type": "integer", "enum": [NEWEST_FORMAT]}


def _absorb(schema: Schema, model: type[BaseModel]) -> Schema:
    """The schema of `model`, with its definitions moved to those of `schema`."""
    absorbed = model.model_json_schema(by_alias=True, schema_generator=_AsWritten)
    schema["$defs"].update(absorbed.pop("$defs", {}))
    return absorbed


def _exactly_one(*keys: str) -> Schema:
    return {"oneOf": [{"required": [key]} for key in keys]}
