"""Probes made ready: addresses, settings, conditions; and the included probes themselves."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from drills.errors import BadInput
from drills.included import included_root
from drills.model.metrics import CATALOGUE
from drills.model.probe import ProbeSpec, Role
from drills.probing.bind import bind
from drills.probing.kinds.http.settings import HttpSettings
from drills.probing.registry import PROBE_KINDS
from drills.workspace.workspace import Workspace

ADDRESSES = {
    "app": "http://127.0.0.1:8000",
    "database": "postgresql://postgres@127.0.0.1:5432/shop",
    "cache": "redis://127.0.0.1:6379/0",
    "external-api": "http://127.0.0.1:9000",
    "edge": "https://shop.test:8443",
    "edge-address": "127.0.0.1:8443",
    "app-direct": "http://127.0.0.1:8001",
    "dns": "127.0.0.1:5300",
    "ca": "/tmp/ca.pem",
    "state": "/tmp/state.json",
}


def spec(**fields: Any) -> ProbeSpec:
    return ProbeSpec.model_validate({"name": "one", **fields})


def test_addresses_are_filled_in_wherever_they_are_named() -> None:
    bound = bind(spec(http={"url": "${app}/x", "headers": {"Origin": "${app}"}}), ADDRESSES)
    assert isinstance(bound.settings, HttpSettings)
    assert bound.settings.url == "http://127.0.0.1:8000/x"
    assert bound.settings.headers == {"Origin": "http://127.0.0.1:8000"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"http": {"url": "${ap}/x"}}, r"probe one: \${ap} is not an address of the sandbox; did you mean app\?"),
        ({"htp": {"url": "x"}}, "probe one: 'htp' is not a kind of probe; did you mean http"),
        ({"http": {"url": "ftp://x"}}, "probe one: http.url: "),
        ({"http": {"url": "${app}", "methd": "GET"}}, "probe one: http.methd: "),
        ({"http": {"url": "${app}"}, "assert": ["status =="]}, "probe one: assert: Failed to parse"),
    ],
)
def test_what_cannot_be_used_is_refused_with_probe_and_field(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message) as refused:
        bind(spec(**fields), ADDRESSES)
    assert "\n" not in str(refused.value)


def test_every_included_probe_can_be_bound_and_names_only_what_its_kind_knows() -> None:
    specs = list(Workspace.load(included_root()).probes.values())
    names = {probe.name for probe in specs}
    for probe in specs:
        bound = bind(probe, ADDRESSES)
        assert bound.needs <= PROBE_KINDS[probe.kind].names, probe.name
        assert set(probe.depends_on) <= names - {probe.name}
    assert {Role.SITE, Role.HEALTH, Role.DATABASE, Role.CACHE, Role.LOGIN, Role.PAYMENT, Role.EXTERNAL_API} <= {
        probe.role for probe in specs
    }


def test_the_included_probes_ask_for_little_beside_twenty_requests_a_second() -> None:
    specs = list(Workspace.load(included_root()).probes.values())
    per_second = sum(1 / probe.every.total_seconds() for probe in specs if "${app}" in str(probe.settings))
    assert per_second < 4
    # One that tells slow from down may wait longer: an answer that is not there when the next is due counts as slow.
    assert all(probe.timeout <= probe.every or probe.degraded_when for probe in specs)


def test_kinds_supply_only_metrics_of_the_catalogue() -> None:
    for kind in PROBE_KINDS.values():
        assert kind.metrics <= CATALOGUE.keys()


def test_the_kinds_are_light_to_import() -> None:
    heavy = "pycurl, psycopg, redis, psutil, httpx, dns, cryptography, docker, asyncio"
    load = "from drills.probing.registry import PROBE_KINDS; list(PROBE_KINDS.values())"
    code = f"import sys; {load}; print([m for m in '{heavy}'.split(', ') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() in ("[]", "['asyncio']")


def test_each_vantage_takes_its_own_settings_over_the_probes() -> None:
    bound = bind(
        spec(http={"url": "${app}/x", "method": "HEAD"}, vantages={"edge": {"url": "https://edge/x"}, "around": {}}),
        ADDRESSES,
    )
    assert [each.vantage for each in bound.per_vantage] == ["edge", "around"]
    assert [each.settings.url for each in bound.per_vantage] == ["https://edge/x", bound.settings.url]  # type: ignore[attr-defined]
    assert {each.settings.method for each in bound.per_vantage} == {"HEAD"}  # type: ignore[attr-defined]
    assert [each.key for each in bound.per_vantage] == [f"{bound.name}@edge", f"{bound.name}@around"]


def test_a_mistake_in_a_vantage_names_it() -> None:
    with pytest.raises(BadInput, match=r"from edge: http\.ulr"):
        bind(spec(http={"url": "${app}/x"}, vantages={"edge": {"ulr": "x"}}), ADDRESSES)
    with pytest.raises(BadInput, match=r"from edge: \$\{egde\}"):
        bind(spec(http={"url": "${app}/x"}, vantages={"edge": {"url": "${egde}/"}}), ADDRESSES)
