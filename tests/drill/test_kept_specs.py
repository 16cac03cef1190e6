"""A drill's first event is kept for good: it holds the scenario and the probes, and none of their secrets."""

from __future__ import annotations

from drills.drill.kept_specs import kept_probes, kept_scenario
from drills.masking.masking import MASK
from drills.model.probe import ProbeSpec
from drills.model.scenario import Scenario

PROBE = {
    "name": "orders",
    "http": {
        "url": "http://shop:pw-1@${app}/orders?token=pw-2&customer=42",
        "method": "POST",
        "headers": {"Authorization": "Bearer pw-3", "X-Api-Key": "pw-4", "Cookie": "sid=pw-5", "Accept": "text/html"},
        "json": {"user": "customer1", "password": "pw-6", "nested": [{"client_secret": 7}], "remember": True},
        "body": '{"api_key": "pw-8"}',
        "body-limit": 1000,
    },
    "assert": ["json.token == 'abc'"],
    "vantages": {"here": {"headers": {"X-Auth-Token": "pw-9"}}},
}
SCENARIO = {
    "title": "A key that changes",
    "story": "Logins fail.",
    "steady": {"probes": ["orders"]},
    "timeline": [
        {"at": "1s", "fault": {"kind": "change-setting", "name": "identity_key", "value": "pw-1"}},
        {"at": "2s", "fault": {"kind": "change-setting", "name": "opaque", "value": "pw-2"}},
        {"at": "3s", "fault": {"kind": "change-setting", "name": "pool_size", "value": "2"}},
    ],
}


def test_probes_are_kept_without_secrets_and_with_all_else() -> None:
    probe = ProbeSpec.model_validate(PROBE)
    (kept,) = kept_probes([probe])
    assert "pw-" not in kept.model_dump_json(by_alias=True)
    assert kept.settings == {
        "url": f"http://shop:{MASK}@${{app}}/orders?token={MASK}&customer=42",
        "method": "POST",
        "headers": {"Authorization": MASK, "X-Api-Key": MASK, "Cookie": MASK, "Accept": "text/html"},
        "json": {"user": "customer1", "password": MASK, "nested": [{"client_secret": MASK}], "remember": True},
        "body": f'{{"api_key": "{MASK}"}}',
        "body-limit": 1000,
    }
    assert kept.assert_ == probe.assert_
    assert ProbeSpec.model_validate_json(kept.model_dump_json(by_alias=True)) == kept


def test_what_a_fault_sets_is_kept_unless_the_setting_is_secret() -> None:
    scenario = Scenario.model_validate(SCENARIO)
    kept = kept_scenario(scenario, names={"opaque"})
    assert [injection.fault.settings["value"] for injection in kept.timeline] == [MASK, MASK, "2"]
    assert kept.model_copy(update={"timeline": scenario.timeline}) == scenario
    assert Scenario.model_validate_json(kept.model_dump_json(by_alias=True)) == kept


def test_what_has_no_secret_is_kept_as_it_is() -> None:
    plain = Scenario.model_validate({**SCENARIO, "timeline": SCENARIO["timeline"][2:]})
    assert kept_scenario(plain) == plain
