"""Fingerprints in a journal: what is written is read again, and so is what version 0.1 wrote."""

from __future__ import annotations

import json

from drills.faults.restoring import fingerprint_of, plan_of
from drills.sandbox.fingerprint import Fingerprint, differences

#: As version 0.1 wrote it into the journal, each state a field of its own.
FORMER = """{
  "services": {"app": "up", "database": "up"}, "replicas": 2, "release": "1.1.0", "settings": {"pool_size": "10"},
  "links": {"app-cache": {"enabled": true, "toxics": {}}}, "database": {"indexes": {"a": "CREATE INDEX a"}},
  "files": {}, "cache": {"maxmemory": "0"}, "certificate": "valid", "resources": {}, "changes": 3,
  "deployed": {"deployed": [], "deployed_at": {}}
}"""


def test_what_is_written_is_read_again() -> None:
    told = Fingerprint({"services": {"web/1": "up"}, "certificate": "valid"}, history={"changes": 4})
    read = fingerprint_of(json.loads(json.dumps(plan_of(told))))
    assert (read.states, read.history) == (told.states, told.history)


def test_a_fingerprint_of_version_0_1_has_the_same_states_and_history() -> None:
    read = fingerprint_of(json.loads(FORMER))
    assert read.states["release"] == "1.1.0"
    assert read.mapping("settings") == {"pool_size": "10"}
    assert read.history == {"changes": 3, "deployed": {"deployed": [], "deployed_at": {}}}
    now = read.with_states(settings={"pool_size": "2"}, replicas=3)
    assert now.differences(read) == ("replicas: 3 → 2", "settings.pool_size: 2 → 10")


def test_one_of_a_project_of_ones_own_had_empty_states_which_are_no_difference() -> None:
    former = {"services": {"db/1": "up"}, "replicas": 0, "release": "", "settings": {}, "links": {}, "database": {}}
    assert fingerprint_of(former).mapping("services") == {"db/1": "up"}
    assert fingerprint_of(former).mapping("resources") == {}


def test_history_is_not_compared() -> None:
    one, other = (Fingerprint({"release": "1"}, history={"changes": count}) for count in (1, 2))
    assert one == other
    assert one.differences(other) == ()


def test_differences_of_one_state_are_named_after_it() -> None:
    assert differences("services", {"a": "up"}, {"a": "down", "b": "up"}) == (
        "services.a: up → down",
        "services.b: absent → up",
    )
