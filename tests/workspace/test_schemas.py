"""The schemas that editors use: they take every included file, and refuse what the program refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from drills.included import included_root
from drills.workspace.layout import playbook_files, probe_files, scenario_files
from drills.workspace.schemas import SCHEMAS, write_schemas
from drills.workspace.yaml_lines import parse_document, read_document
from tests.workspace.sample import CONFIG, PLAYBOOK, PROBES, QUIET, SCENARIO

ROOT = included_root()
INCLUDED = [
    ("drills.schema.json", ROOT / "drills.yaml"),
    *(("playbook.schema.json", path) for path in playbook_files(ROOT).values()),
    *(("scenario.schema.json", path) for path in scenario_files(ROOT).values()),
    *(("probes.schema.json", path) for path in probe_files(ROOT)),
]


@pytest.mark.parametrize(("schema", "path"), INCLUDED, ids=lambda value: Path(value).name)
def test_an_editor_finds_the_schema_of_every_included_file(schema, path):
    first = path.read_text(encoding="utf-8").splitlines()[0]
    named = first.removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / named).resolve() == (ROOT / ".drills" / "schemas" / schema).resolve()


def complaints(schema: str, data: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMAS[schema]()).iter_errors(data)]


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one(name):
    Draft202012Validator.check_schema(SCHEMAS[name]())


@pytest.mark.parametrize(("schema", "path"), INCLUDED, ids=lambda value: Path(value).name)
def test_every_included_file_is_taken(schema, path):
    assert complaints(schema, read_document(path).data) == []


@pytest.mark.parametrize(
    ("schema", "text", "old", "new"),
    [
        ("drills.schema.json", CONFIG, "playbook:", "playbok:"),
        ("drills.schema.json", CONFIG, "format: 1", "format: 2"),
        ("drills.schema.json", CONFIG, "monthly:", "evry:"),
        ("drills.schema.json", CONFIG, "    monthly: third Thursday 14:00", "    cron: a\n    every: 1h"),
        ("drills.schema.json", CONFIG, "  - rotation: [slow-query, quiet]", "  - timezone: UTC"),
        ("probes.schema.json", PROBES, "http:", "htpp:"),
        ("probes.schema.json", PROBES, "every: 3s", "every: 3 s"),
        ("probes.schema.json", PROBES, "every: 3s", "evry: 3s"),
        ("probes.schema.json", PROBES, "role: site", "role: sites"),
        ("probes.schema.json", PROBES, "every: 3s", "redis: {url: x}"),
        ("probes.schema.json", PROBES, "{url: \"${app}/\"}", "{ulr: \"${app}/\"}"),
        ("probes.schema.json", PROBES, "name: home", "name: Home Page"),
        ("playbook.schema.json", PLAYBOOK, "within: 5m", "within: 5 m"),
        ("playbook.schema.json", PLAYBOOK, "within: 5m, source: policy", "source: policy"),
        ("playbook.schema.json", PLAYBOOK, "within: 5m, source: policy", "within: 5m"),
        ("playbook.schema.json", PLAYBOOK, "ends-with: mitigated", "ends_with: mitigated"),
        ("playbook.schema.json", PLAYBOOK, "decide: fix", "decide: fixit"),
        ("scenario.schema.json", SCENARIO, "title:", "titel:"),
        ("scenario.schema.json", SCENARIO, "drop-index", "drop-indx"),
        ("scenario.schema.json", SCENARIO, "index: orders_customer_idx", "idx: orders_customer_idx"),
        ("scenario.schema.json", SCENARIO, "link: app-database", "link: app_database"),
        ("scenario.schema.json", SCENARIO, "latency: 500ms", "latency: 500 ms"),
        ("scenario.schema.json", SCENARIO, "among: [missing-index, bad-deploy]", "among: missing-index"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused(schema, text, old, new):
    assert complaints(schema, parse_document(text, "f").data) == []
    assert old in text
    assert complaints(schema, parse_document(text.replace(old, new, 1), "f").data) != []


@pytest.mark.parametrize(
    ("undo", "right"),
    [
        ("undo: it", True),
        ("undo: [it, now]", True),
        ("undo: {run: it, timeout: 5s}", True),
        ("undo: {run: it, timeout: 5 s}", False),
        ("undo: {timeout: 5s}", False),
        ("undo: 5", False),
        ("timeout: 5s", False),
    ],
)
def test_a_command_of_a_fault_may_be_written_in_three_ways(undo, right):
    fault = f"kind: exec, apply: do it, verify-undone: [see, it], {undo}"
    text = SCENARIO.replace("kind: drop-index, index: orders_customer_idx", fault)
    assert (complaints("scenario.schema.json", parse_document(text, "f").data) == []) is right


def test_a_file_of_probes_may_be_a_mapping_with_its_format():
    probes = parse_document(PROBES, "f").data
    assert complaints("probes.schema.json", {"format": 1, "probes": probes}) == []
    assert complaints("probes.schema.json", {"format": 2, "probes": probes}) != []


def test_a_control_drill_needs_neither_faults_nor_truth():
    assert complaints("scenario.schema.json", parse_document(QUIET, "f").data) == []


def test_defaults_are_shown_as_a_person_writes_them():
    probe = SCHEMAS["probes.schema.json"]()["$defs"]["Probe"]["properties"]
    assert probe["every"]["default"] == "10s"
    scenario = SCHEMAS["scenario.schema.json"]()["properties"]
    assert scenario["traffic"]["default"]["spawn-rate"] == 10
    assert scenario["limits"]["default"] == {"duration": "15m"}


def test_the_schemas_are_written_where_asked(tmp_path: Path):
    written = write_schemas(tmp_path / "schemas")
    assert [path.name for path in written] == list(SCHEMAS)
    assert all(json.loads(path.read_text(encoding="utf-8"))["$schema"] for path in written)
