"""What a scenario may say about faults, and what it is told when it says something else."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from drills.errors import BadInput
from drills.faults.registry import FAULTS, fault_of
from drills.model.scenario import FaultSpec
from drills.sandbox.choice import INCLUDED
from drills.sandbox.systems import system_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("kind", FAULTS)
def test_every_kind_of_fault_is_registered_under_its_own_name_and_can_be_tried(kind: str) -> None:
    assert FAULTS[kind].kind == kind
    assert fault_of(FaultSpec(kind=kind, settings=dict(FAULTS[kind].example(system_of(INCLUDED))))).kind == kind


@pytest.mark.parametrize("folder", ["drills/faults/kinds", "drills/included_shop/faults"])
def test_no_kind_of_fault_is_forgotten(folder: str) -> None:
    """Each file with a class that says its kind has a line."""
    said = {
        kind
        for path in (ROOT / folder).glob("*.py")
        for kind in re.findall(r'^    kind: ClassVar\[str\] = "(.+)"$', path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert said
    assert said <= set(FAULTS)


def test_a_misspelt_kind_is_told_with_the_nearest_one() -> None:
    with pytest.raises(BadInput, match="did you mean drop-index"):
        fault_of(FaultSpec(kind="drop-indx"))
    with pytest.raises(BadInput, match="known: abandon-exports"):
        fault_of(FaultSpec(kind="meteorite"))


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"kind": "drop-index", "index": 'x"; DROP TABLE orders; --'}, "index"),
        ({"kind": "hold-locks", "table": "Robert'); --"}, "table"),
        ({"kind": "hold-locks", "table": "orders", "application": "it's"}, "application"),
        ({"kind": "kill-service", "service": "main frame"}, "service"),
        ({"kind": "kill-service", "service": "database/one"}, "service"),
        ({"kind": "kill-service", "service": "app/0"}, "service"),
        ({"kind": "pause-replica", "replica": 0}, "replica"),
        ({"kind": "link-latency", "link": "app_database", "latency": "1s"}, "link"),
        ({"kind": "link-latency", "link": "app-database", "latency": "5 m"}, "latency"),
        ({"kind": "link-bandwidth", "link": "app-database", "rate": 0}, "rate"),
        ({"kind": "link-down", "link": "app-database", "toxicity": 2}, "toxicity"),
        ({"kind": "link-timeout", "link": "app-database", "toxicity": 0}, "toxicity"),
        ({"kind": "exhaust-connections", "connections": 0}, "connections"),
        ({"kind": "scale-service", "service": "web/1", "replicas": 1}, "service"),
        ({"kind": "scale-service", "service": "web", "replicas": 17}, "replicas"),
        ({"kind": "resize-service", "service": "web", "memory": "64"}, "memory"),
        ({"kind": "resize-service", "service": "web", "cpus": 0}, "cpus"),
        ({"kind": "stress-cpu", "service": "web", "workers": 0}, "workers"),
        ({"kind": "pause-replica", "service": "web/0"}, "service"),
        ({"kind": "fill-disk", "service": "web", "file": "../x"}, "file"),
        ({"kind": "deploy-release"}, "release"),
        ({"kind": "change-setting", "setting": "pool_size"}, "value"),
        ({"kind": "change-setting", "setting": "pool size", "value": "1"}, "setting"),
        ({"kind": "rotate-credentials", "role": "shop; --"}, "role"),
        ({"kind": "delete-rows", "table": "orders", "where": "true; DROP TABLE orders"}, "where"),
        ({"kind": "fill-cache", "megabytes": 1}, "megabytes"),
        ({"kind": "run-migration", "migration": "5"}, "migration"),
        ({"kind": "misuse-key", "address": "8.8.8.8"}, "address"),
        ({"kind": "misuse-key", "address": "nowhere"}, "address"),
        ({"kind": "misuse-key", "requests-per-second": 10000}, "requests-per-second"),
        ({"kind": "fill-disk", "dump": "../base"}, "dump"),
        ({"kind": "fill-disk", "slot": "it's"}, "slot"),
    ],
)
def test_a_wrong_setting_is_named(spec: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        fault_of(FaultSpec.model_validate(spec))
    assert [error["loc"] for error in refused.value.errors()] == [(field,)]


@pytest.mark.parametrize("kind", FAULTS)
def test_every_kind_has_a_schema_for_editors_and_says_what_it_does(kind: str) -> None:
    schema = FAULTS[kind].model_json_schema()
    assert schema["additionalProperties"] is False
    assert FAULTS[kind].__doc__


def test_the_registry_imports_neither_a_database_driver_nor_the_store() -> None:
    program = "import sys, drills.faults.registry\n"
    program += "print(*{'psycopg', 'sqlalchemy', 'psutil', 'requests', 'drills.store.store'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == ""
