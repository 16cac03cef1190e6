"""The included drills: each has what a person needs to practise it, and what proves that its runbook is the one."""

from __future__ import annotations

import re
from functools import cache

import pytest

from acceptance.matrix_cells import Expected, read_cells
from drills.included import included_root
from drills.model.playbook import Milestone
from drills.model.scenario import Truth
from drills.responders.runbook import run_by_itself
from drills.responders.runbook_file import HORIZONS, Runbook, parse_runbook
from drills.workspace.workspace import Workspace

WORKSPACE = Workspace.load(included_root())
SCENARIOS = {name: WORKSPACE.scenario(name) for name in WORKSPACE.scenarios}
BROKEN = [name for name, scenario in SCENARIOS.items() if not scenario.is_control]
CELLS = read_cells()
#: What the five documents that the playbooks come from tell to look at, and what finds it in a step's command.
DIAGNOSTICS = {
    "app: logs": r"sandbox logs app .*--lines",
    "app: logs, kept as files": r"sandbox logs .*--output-dir",
    "app: errors in the logs": r"sandbox logs app .*\"level\": \*\"error\"",
    "app: how many errors": r"\"level\": \*\"error\".*grep -c \.",
    "app: errors by path": r"\"path\":.*sort \| uniq -c \| sort -rn",
    "app: slow requests in the logs": r"sandbox logs app .*took_ms",
    "app: out of memory in the logs": r"sandbox logs app .*out of memory",
    "app: readiness": r"sandbox health --all",
    "app: all health endpoints, kept as files": r"sandbox health --all --output-dir",
    "app: health endpoint, timed, repeatedly": r"for look in .*drills probe health",
    "app: error rate, latency and pool": r"drills probe .*shop-metrics",
    "app: processes": r"sandbox stats",
    "app: what runs": r"sandbox status",
    "app: settings": r"sandbox status \| grep -o 'database_url",
    "changes: releases": r"sandbox releases",
    "changes: everything": r"sandbox changes",
    "database: ready": r"drills probe .*\bdatabase\b",
    "database: log": r"sandbox logs database",
    "database: number of connections": r"count\(\*\).*pg_stat_activity",
    "database: connections by state": r"count\(\*\).*state.*pg_stat_activity.*GROUP BY",
    "database: long queries": r"now\(\) - query_start.*state = 'active'",
    "database: queries active longer than a minute": r"now\(\) - query_start > interval '1 minute'",
    "database: lock contention": r"pg_blocking_pids",
    "database: table sizes": r"pg_total_relation_size",
    "database: disk": r"sandbox disk",
    "database: query plan": r"sandbox sql \"EXPLAIN",
    "cache: ping": r"sandbox redis PING",
    "cache: memory": r"sandbox redis INFO memory",
    "cache: clients": r"sandbox redis INFO clients",
    "cache: slow log": r"sandbox redis SLOWLOG GET",
    "cache: keyspace": r"sandbox redis INFO keyspace",
    "cache: hit rate": r"sandbox redis INFO stats \| grep .*keyspace_",
    "cache: latency": r"drills probe .*\bcache\b",
    "network: name": r"drills probe .*\bname\b",
    "network: certificate": r"sandbox certificate",
    "network: through the edge": r"drills probe .*home-from-outside",
    "network: links": r"sandbox link app-",
    "machine: memory and processor of each service": r"sandbox stats",
    "machine: the host's disk": r"\bdf -h",
    "external API: asked directly": r"drills probe .*\bexternal-api\b(?!-)",
    "external API: as the app meets it": r"drills probe .*external-api-calls",
    "external API: status page": r"sandbox provider status",
    "payments: deliveries": r"sandbox provider charges",
    "security: who came with which key": r"FROM audit_log",
    "incident report": r"sandbox report --output-dir",
}
#: What they tell to do.
REMEDIES = {
    "roll back": r"sandbox rollback$",
    "roll back to a release": r"sandbox rollback --to \d",
    "revert a migration": r"sandbox migrate --down",
    "restart the app": r"sandbox restart app$",
    "restart everything": r"sandbox restart all",
    "restart one replica": r"sandbox restart \"\$replica\"",
    "more replicas": r"sandbox scale [345]",
    "scale to zero": r"sandbox scale 0",
    "scale back": r"sandbox scale 2",
    "more processor time": r"sandbox resize app .*--cpus",
    "more memory": r"sandbox resize app .*--memory 1g",
    "another size of the pool": r"sandbox set .*pool-size=",
    "end sessions": r"pg_terminate_backend",
    "create an index, concurrently": r"CREATE INDEX CONCURRENTLY",
    "delete keys of the cache": r"sandbox redis UNLINK",
    "empty the cache": r"sandbox redis FLUSHDB",
    "free room on the disk": r"sandbox disk --remove",
    "a new certificate": r"sandbox renew-certificate",
    "new credentials": r"sandbox set .*database-password=",
    "a new key of the provider": r"sandbox set .*identity-key=",
    "a new secret of webhooks": r"sandbox set .*webhook-secret=",
    "webhooks sent again": r"sandbox provider replay",
    "the address of the database": r"sandbox set database-url=",
    "allowed origins": r"sandbox set allowed-origins=",
    "a feature off": r"sandbox set .*recommendations=off",
    "wait for the provider": r"until test .*drills probe external-api",
    "the feature on again": r"sandbox set .*recommendations=on",
    "keep answers for longer": r"sandbox set .*recommendations-cache=60",
    "maintenance": r"sandbox set maintenance=on",
    "maintenance over": r"sandbox set maintenance=off",
    "restore from a backup": r"sandbox load-backup",
    "revoke a key": r"UPDATE api_keys .*revoked_at",
}
#: Programs that know one of the two drivers only, or go around the sandbox.
ELSEWHERE = re.compile(r"\b(docker|podman|kubectl|curl|wget|psql|redis-cli|openssl|systemctl|pkill)\b")


def truth_of(name: str) -> Truth:
    truth = SCENARIOS[name].truth
    assert truth is not None
    return truth


@cache
def runbook_of(name: str) -> Runbook:
    path = WORKSPACE.runbook_path(name)
    assert path is not None
    return parse_runbook(path.read_text(encoding="utf-8"))


def test_there_is_a_drill_in_which_nothing_is_broken() -> None:
    assert [name for name, scenario in SCENARIOS.items() if scenario.is_control] == ["quiet"]


@pytest.mark.parametrize("name", BROKEN)
def test_the_cause_stands_among_plausible_ones_and_hints_lead_to_it(name: str) -> None:
    truth = truth_of(name)
    assert len(truth.among) >= 5
    assert len(set(truth.among)) == len(truth.among)
    assert len(SCENARIOS[name].hints) == 3


@pytest.mark.parametrize("name", BROKEN)
def test_the_story_gives_nothing_away(name: str) -> None:
    story = SCENARIOS[name].story.lower()
    assert name.replace("-", " ") not in story
    assert truth_of(name).cause.replace("-", " ") not in story


@pytest.mark.parametrize("name", BROKEN)
def test_what_the_drill_calls_a_cause_is_one_that_some_drill_has(name: str) -> None:
    known = {truth_of(other).cause for other in BROKEN}
    assert set(truth_of(name).among) <= known


@pytest.mark.parametrize("name", BROKEN)
def test_its_runbook_is_whole(name: str) -> None:
    runbook = runbook_of(name)
    assert runbook.missing_sections() == ()
    assert runbook.missing_horizons() == ()
    text = (WORKSPACE.scenario_dir(name) / "runbook.md").read_text(encoding="utf-8")
    assert re.findall(r"^### (.+)$", text, re.MULTILINE)[:3] == list(HORIZONS)


@pytest.mark.parametrize("name", BROKEN)
def test_its_runbook_looks_then_names_the_cause_then_decides_then_acts_then_verifies(name: str) -> None:
    blocks = run_by_itself(runbook_of(name).blocks)
    named = next(i for i, block in enumerate(blocks) if block.attributes.milestone is Milestone.CAUSE_NAMED)
    decided = next(i for i, block in enumerate(blocks) if block.attributes.decision)
    acted = next(i for i, block in enumerate(blocks) if not block.attributes.read_only and i != decided)
    verified = next(i for i, block in enumerate(blocks) if block.name == "verify")
    assert blocks[named].attributes.cause == truth_of(name).cause
    assert named <= decided < acted < verified
    assert all(block.attributes.read_only for block in blocks[:decided])
    assert blocks[verified].attributes.read_only


@pytest.mark.parametrize("name", BROKEN)
def test_it_was_said_beforehand_what_its_own_runbook_nobody_and_two_tempting_ones_come_to(name: str) -> None:
    cells = [cell for cell in CELLS if cell.scenario == name]
    expected = {cell.kind: cell.expect for cell in cells}
    assert expected["own"] is Expected.REMEDY
    assert expected["none"] is Expected.INEFFECTIVE
    assert sum(cell.kind == "other" for cell in cells) >= 2


@cache
def commands() -> list[str]:
    return [block.command for name in BROKEN for block in runbook_of(name).blocks]


@pytest.mark.parametrize("wanted", [*DIAGNOSTICS.values(), *REMEDIES.values()], ids=[*DIAGNOSTICS, *REMEDIES])
def test_what_the_documents_tell_to_look_at_or_to_do_some_runbook_executes(wanted: str) -> None:
    assert any(re.search(wanted, command, re.DOTALL | re.MULTILINE) for command in commands())


def test_steps_speak_to_the_sandbox_through_drills_alone_and_so_run_on_both_drivers() -> None:
    assert [command for command in commands() if ELSEWHERE.search(command)] == []


@pytest.mark.parametrize("name", BROKEN)
def test_its_runbook_escalates_after_30_and_after_60_minutes(name: str) -> None:
    text = (WORKSPACE.scenario_dir(name) / "runbook.md").read_text(encoding="utf-8")
    escalation = text.partition("## Escalation\n")[2].partition("\n## ")[0]
    assert [minutes for minutes in ("30", "60") if f"fter {minutes} minutes" not in escalation] == []


@pytest.mark.parametrize("name", BROKEN)
def test_what_takes_the_shop_away_has_beside_it_what_brings_it_back(name: str) -> None:
    text = "\n".join(block.command for block in runbook_of(name).blocks)
    assert ("scale 0" in text) <= ("scale 2" in text)
    assert ("maintenance=on" in text) <= ("maintenance=off" in text)
    assert ("scale 4" in text or "scale 5" in text) <= ("scale 2" in text)


@pytest.mark.parametrize("name", BROKEN)
def test_what_takes_the_shop_away_is_done_by_people_only(name: str) -> None:
    drastic = re.compile(r"scale 0|maintenance=on|FLUSHDB|restart all")
    assert [block.name for block in run_by_itself(runbook_of(name).blocks) if drastic.search(block.command)] == []
