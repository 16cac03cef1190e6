"""`drills validate`: every error at once, each with its line and with what would be right."""

# ruff: noqa: E501 - a row of the table is one mistake and what is said about it

from __future__ import annotations

from pathlib import Path

import pytest

from drills.included import included_root
from drills.workspace.validate import validate
from drills.workspace.workspace import Workspace
from tests.workspace.sample import CONFIG, FILES, PLAYBOOK, SCENARIO, write_workspace


def with_change(file: str, old: str, new: str) -> dict[str, str]:
    assert FILES[file].count(old) >= 1, f"{old!r} is not in {file}"
    return {**FILES, file: FILES[file].replace(old, new, 1)}


def test_a_workspace_without_errors_has_none(tmp_path: Path):
    assert [str(problem) for problem in validate(write_workspace(tmp_path, FILES))] == []


def test_the_included_workspace_has_no_errors():
    assert [str(problem) for problem in validate(included_root()) if not problem.warning] == []


#: file, what is written there, what instead: what is said.
MISTAKES = [
    # drills.yaml
    ("drills.yaml", "playbook: ours", "playbook: slurpi", "drills.yaml:2: playbook: there is no playbook 'slurpi'; did you mean slurpy?"),
    ("drills.yaml", "quiet]", "quite]", "drills.yaml:4: schedule[0].rotation[1]: there is no drill 'quite'; did you mean quiet?"),
    ("drills.yaml", "third", "thrid", "drills.yaml:5: schedule[0].monthly: 'thrid' is not an ordinal; did you mean third?"),
    ("drills.yaml", "monthly:", "montly:", "drills.yaml:4: schedule[0]: does not say when; write exactly one of monthly, cron, on, every"),
    ("drills.yaml", "format: 1", "format: 7", "drills.yaml:1: format: format 7 is newer than this version of drills reads (1); upgrade drills"),
    ("drills.yaml", "format: 1", "traffic: {locustfile: x.py}", "drills.yaml:1: traffic.locustfile: there is no file 'x.py'; write the file's name within the workspace"),
    ("drills.yaml", "format: 1", "traffic: {service: ap}", "drills.yaml:1: traffic.service: there is no service 'ap'; did you mean app?"),
    ("drills.yaml", "format: 1", "sandbox: {system: includ}", "drills.yaml:1: sandbox.system: there is no system 'includ'; did you mean included?"),
    # probes
    ("probes/shop.yaml", "every: 3s", "evry: 3s", "probes/shop.yaml:3: [0].evry: unknown key; did you mean every?"),
    ("probes/shop.yaml", "every: 3s", "every: 3 s", "probes/shop.yaml:3: [0].every: '3 s' is not a duration; write 3s"),
    ("probes/shop.yaml", "http:", "htpp:", "probes/shop.yaml:2: [0].htpp: unknown kind of probe; did you mean http?"),
    ("probes/shop.yaml", '{url: "${app}/"}', '{ulr: "${app}/"}', "probes/shop.yaml:2: [0].http.ulr: unknown key; did you mean url?"),
    ("probes/shop.yaml", "${app}/\"}", "${ap}/\"}", "probes/shop.yaml:2: [0].http.url: ${ap} is not an address; did you mean app?"),
    ("probes/shop.yaml", "role: site", "role: sites", "probes/shop.yaml:5: [0].role: 'sites' is not known here; did you mean site?"),
    ("probes/shop.yaml", "status == 200", "status = 200", "probes/shop.yaml:6: [0].assert[0]: 'status = 200' is not a condition (column 8: token recognition error at: '= '); write CEL, such as `error_rate > 0.05` (a share: 5 % is 0.05)"),
    ("probes/shop.yaml", "status == 200", "staus == 200", "probes/shop.yaml:6: [0].assert[0]: 'staus' is not what a probe of kind http sees; did you mean status?"),
    ("probes/shop.yaml", "name: database", "name: home", "probes/shop.yaml:7: [1].name: 'home' is already the name of the probe at probes/shop.yaml:1; give it another name"),
    ("probes/shop.yaml", "depends-on: [home]", "depends-on: [hom]", "probes/shop.yaml:11: [2].depends-on[0]: there is no probe 'hom'; did you mean home?"),
    ("probes/shop.yaml", "timeout: 2s", "timeout: 4s", "probes/shop.yaml:4: [0].timeout: is longer than 'every'; write a shorter timeout"),
    ("probes/shop.yaml", "  postgres: {url: \"${database}\"}", "  every: 1s", "probes/shop.yaml:7: [1]: has no kind; write one of container, dns, exec, grpc, heartbeat, http, journey, metrics, mysql, postgres, redis, tcp, tls with its settings under it"),
    ("probes/shop.yaml", "  role: site", "  role: site\n  vantages: {edge: {ulr: x}}", "probes/shop.yaml:6: [0].vantages.edge.ulr: unknown key; did you mean url?"),
    ("probes/shop.yaml", "  role: site", "  role: site\n  vantages: {edge: {url: \"${egde}/\"}}", "probes/shop.yaml:6: [0].vantages.edge.url: ${egde} is not an address; did you mean edge?"),
    ("probes/shop.yaml", "  role: site", "  role: site\n  vantages: {edge: {required: false}}", "probes/shop.yaml:1: [0]: no vantage is required, so the probe could never fail; leave 'required: false' out of one"),
    ("probes/shop.yaml", "window: 15s", "window: 15", "probes/shop.yaml:10: [2].metrics.window: 15 is not a duration; write a number and a unit, such as 30s, 5m or 1h30m"),
    # playbook
    ("playbooks/ours.yaml", "name: ours", "name: mine", "playbooks/ours.yaml:1: name: 'mine' is not the name of its file; write ours"),
    ("playbooks/ours.yaml", "within: 5m", "within: 5 m", "playbooks/ours.yaml:6: levels[0].respond.within: '5 m' is not a duration; write 5m"),
    ("playbooks/ours.yaml", "{within: 5m, source: policy}", "{source: policy}", "playbooks/ours.yaml:6: levels[0].respond: a limit needs 'within' (a duration), 'business-days', or 'says' (the document's words)"),
    ("playbooks/ours.yaml", "{within: 5m, source: policy}", "{within: 5m}", "playbooks/ours.yaml:6: levels[0].respond.source: is missing; write it"),
    ("playbooks/ours.yaml", "error_rate > 0.05", "eror_rate > 0.05", "playbooks/ours.yaml:13: thresholds[1].when: 'eror_rate' is not a metric; did you mean error_rate?"),
    ("playbooks/ours.yaml", "error_rate > 0.05", "error_rate > 5%", "playbooks/ours.yaml:13: thresholds[1].when: 'error_rate > 5%' is not a condition (column 16: mismatched input '<EOF>'); write CEL, such as `error_rate > 0.05` (a share: 5 % is 0.05)"),
    ("playbooks/ours.yaml", "level: SEV2", "level: SVE2", "playbooks/ours.yaml:13: thresholds[1].level: 'SVE2' is not a level of this playbook; did you mean SEV2?"),
    ("playbooks/ours.yaml", "error_rate > 0.05", "cpu > 0.95", "playbooks/ours.yaml:13: warning: thresholds[1].when: no probe of this workspace supplies cpu; add a probe that measures it, or take the threshold out"),
    ("playbooks/ours.yaml", "site_failing", "login_failing", "playbooks/ours.yaml:12: warning: thresholds[0].when: no probe of this workspace supplies login_failing; add a probe that measures it, or take the threshold out"),
    ("playbooks/ours.yaml", "levels: [SEV1], source: policy}\nphases", "levels: [P1], source: policy}\nphases", "playbooks/ours.yaml:15: triage[0].levels[0]: 'P1' is not a level of this playbook; known: SEV1, SEV2"),
    ("playbooks/ours.yaml", "milestone: acknowledged", "milestone: acknowleged", "playbooks/ours.yaml:15: triage[0].milestone: 'acknowleged' is not known here; did you mean acknowledged?"),
    ("playbooks/ours.yaml", "by: 30m", "by: 3m", "playbooks/ours.yaml:17: phases[0].by: comes before the phase starts; write a later time"),
    ("playbooks/ours.yaml", "contact: on-call", "contact: oncall", "playbooks/ours.yaml:19: escalation[0].contact: 'oncall' is not among the contacts; did you mean on-call?"),
    ("playbooks/ours.yaml", "fix_minutes < 5", "fix_time < 5", "playbooks/ours.yaml:21: decisions[0].when: 'fix_time' is not known to decisions; did you mean fix_minutes?"),
    ("playbooks/ours.yaml", "{{ title }}", "{{ titel }}", "playbooks/ours.yaml:26: templates[0].text: cannot be rendered (unknown variable titel;"),
    ("playbooks/ours.yaml", "{SEV1: {within: 1h", "{SEV7: {within: 1h", "playbooks/ours.yaml:31: goals.mttr.SEV7: 'SEV7' is not a level of this playbook; did you mean SEV2?"),
    ("playbooks/ours.yaml", "title: Our policy", "name: ours", "playbooks/ours.yaml:2: name: is written twice (first on line 1); keep one"),
    # scenario
    ("scenarios/slow-query/scenario.yaml", "[home, database]", "[home, databse]", "scenarios/slow-query/scenario.yaml:3: steady.probes[1]: there is no probe 'databse'; did you mean database?"),
    ("scenarios/slow-query/scenario.yaml", "kind: drop-index, index: orders_customer_idx", 'kind: exec, apply: x, verify-undone: y', "scenarios/slow-query/scenario.yaml:6: timeline[0].fault.undo: is missing; write it"),
    ("scenarios/slow-query/scenario.yaml", "kind: drop-index, index: orders_customer_idx", 'kind: exec, apply: x, undo: z', "scenarios/slow-query/scenario.yaml:6: timeline[0].fault.verify-undone: is missing; write it"),
    ("scenarios/slow-query/scenario.yaml", "kind: drop-index, index: orders_customer_idx", 'kind: exec, apply: x, undo: z, verify-undone: [y, 3]', "scenarios/slow-query/scenario.yaml:6: timeline[0].fault.verify-undone.run: is no command; write a line for the shell, or a list of words, each of them text"),
    ("scenarios/slow-query/scenario.yaml", "kind: drop-index, index: orders_customer_idx", 'kind: exec, apply: x, verify-undone: y, undo: {run: z, timeout: 3m}', "scenarios/slow-query/scenario.yaml:6: timeline[0].fault.undo.timeout: 3m is too long; write 2m or less"),
    ("scenarios/slow-query/scenario.yaml", "kind: drop-index, index: orders_customer_idx", 'kind: exec, apply: x, verify-undone: y, undo: {run: z, timout: 3s}', "scenarios/slow-query/scenario.yaml:6: timeline[0].fault.undo.timout: unknown key; did you mean timeout?"),
    ("scenarios/slow-query/scenario.yaml", "kind: drop-index, index: orders_customer_idx", 'kind: exec, in: databse, apply: x, verify-undone: y, undo: z', "scenarios/slow-query/scenario.yaml:6: timeline[0].fault.in: the sandbox has no service 'databse'; did you mean database?"),
    ("scenarios/slow-query/scenario.yaml", "drop-index", "drop-indx", "scenarios/slow-query/scenario.yaml:6: timeline[0].fault.kind: 'drop-indx' is not a kind of fault; did you mean drop-index?"),
    ("scenarios/slow-query/scenario.yaml", "index: orders_customer_idx", "idx: orders_customer_idx, index: orders_status_idx", "scenarios/slow-query/scenario.yaml:6: timeline[0].fault.idx: unknown key; did you mean index?"),
    ("scenarios/slow-query/scenario.yaml", "orders_customer_idx", "orders_custmer_idx", "scenarios/slow-query/scenario.yaml:6: timeline[0].fault.index: the sandbox has no index 'orders_custmer_idx'; did you mean orders_customer_idx?"),
    ("scenarios/slow-query/scenario.yaml", "kind: drop-index, index: orders_customer_idx", "kind: deploy-release, release: 9.9.9", "scenarios/slow-query/scenario.yaml:6: timeline[0].fault.release: the sandbox has no release '9.9.9'; known: 1.0.0,"),
    ("scenarios/slow-query/scenario.yaml", "kind: drop-index, index: orders_customer_idx", "kind: kill-service, service: databse", "scenarios/slow-query/scenario.yaml:6: timeline[0].fault.service: the sandbox has no service 'databse'; did you mean database?"),
    ("scenarios/slow-query/scenario.yaml", "kind: drop-index, index: orders_customer_idx", "kind: deploy-release, release: 1.2", "scenarios/slow-query/scenario.yaml:6: timeline[0].fault.release: 1.2 is a number, not text; write it in quotes: \"1.2\""),
    ("scenarios/slow-query/scenario.yaml", "kind: drop-index, index: orders_customer_idx", "kind: kill-service, service: ap/1", "scenarios/slow-query/scenario.yaml:6: timeline[0].fault.service: the sandbox has no service 'ap/1'; known: app, cache, database"),
    ("scenarios/slow-query/scenario.yaml", "kind: drop-index, index: orders_customer_idx", "kind: change-setting, setting: pool-sise, value: 3", "scenarios/slow-query/scenario.yaml:6: timeline[0].fault.setting: the sandbox has no setting 'pool-sise'; did you mean pool_size?"),
    ("scenarios/slow-query/scenario.yaml", "kind: drop-index, index: orders_customer_idx", "kind: change-setting, setting: pool-size, value: 0", "scenarios/slow-query/scenario.yaml:6: timeline[0].fault.value: pool_size must be a whole number from 1 to 50, not '0'; write a value that the setting accepts"),
    ("scenarios/slow-query/scenario.yaml", "kind: drop-index, index: orders_customer_idx", "kind: run-migration, migration: '0099'", "scenarios/slow-query/scenario.yaml:6: timeline[0].fault.migration: the sandbox has no migration '0099'; "),
    ("scenarios/slow-query/scenario.yaml", "kind: drop-index, index: orders_customer_idx", "kind: run-migration, migration: 4", "scenarios/slow-query/scenario.yaml:6: timeline[0].fault.migration: 4 is a number, not text; write it in quotes: \"4\""),
    ("scenarios/slow-query/scenario.yaml", "link: app-database", "link: app-databse", "scenarios/slow-query/scenario.yaml:8: timeline[1].fault.link: the sandbox has no link 'app-databse'; did you mean app-database?"),
    ("scenarios/slow-query/scenario.yaml", "latency: 500ms", "latency: 500 ms", "scenarios/slow-query/scenario.yaml:8: timeline[1].fault.latency: '500 ms' is not a duration; write 500ms"),
    ("scenarios/slow-query/scenario.yaml", "at: 5s", "at: 5 s", "scenarios/slow-query/scenario.yaml:5: timeline[0].at: '5 s' is not a duration; write 5s"),
    ("scenarios/slow-query/scenario.yaml", "at: 5s", "at: 15m", "scenarios/slow-query/scenario.yaml:5: timeline[0].at: comes after the drill has ended; inject earlier, or lengthen limits.duration"),
    ("scenarios/slow-query/scenario.yaml", "cause: missing-index", "cause: missing-indx", "scenarios/slow-query/scenario.yaml:10: truth.cause: 'missing-indx' is not among the candidates; did you mean missing-index?"),
    ("scenarios/slow-query/scenario.yaml", "rank: 1", "rank: 4", "scenarios/slow-query/scenario.yaml:13: truth.severity-floor.rank: playbook ours has no rank 4; write 0 to 1"),
    ("scenarios/slow-query/scenario.yaml", "hints: [Which requests are slow?]", "hints: []", "scenarios/slow-query/scenario.yaml:14: warning: hints: there are none; write one or two for a trainee"),
    ("scenarios/slow-query/scenario.yaml", "host.memory_free", "host.memory_fre", "scenarios/slow-query/scenario.yaml:16: abort.when: 'host.memory_fre' is not measured; did you mean memory_free?"),
    ("scenarios/slow-query/scenario.yaml", "title:", "titel:", "scenarios/slow-query/scenario.yaml:1: titel: unknown key; did you mean title?"),
    ("scenarios/slow-query/scenario.yaml", "title:", "name: slow\ntitle:", "scenarios/slow-query/scenario.yaml:1: name: 'slow' is not the name of its folder; write slow-query"),
    ("scenarios/slow-query/scenario.yaml", "title:", "runbook: mend.md\ntitle:", "scenarios/slow-query/scenario.yaml:1: runbook: there is no file 'mend.md'; write mend.md, or `runbook: null`"),
    ("scenarios/slow-query/scenario.yaml", "title:", "runbook: null\ntitle:", "scenarios/slow-query/scenario.yaml:1: warning: runbook: there is none; write one; a person may need it"),
    ("scenarios/slow-query/scenario.yaml", "title:", "traffic: {entrance: egde}\ntitle:", "scenarios/slow-query/scenario.yaml:1: traffic.entrance: there is no address 'egde'; did you mean edge?"),
    ("scenarios/slow-query/scenario.yaml", "title:", "traffic: {locustfile: us.py}\ntitle:", "scenarios/slow-query/scenario.yaml:1: traffic.locustfile: there is no file 'us.py'; write the file's name within the scenario's folder"),
    ("scenarios/quiet/scenario.yaml", "title:", "timeline: [{at: 1s, fault: {kind: external-api-blocked}}]\nrunbook: null\ntitle:", "scenarios/quiet/scenario.yaml:1: truth: is missing; write the cause, its candidates and the remedy"),
    # runbook
    ("scenarios/slow-query/runbook.md", "## Rollback\n", "", "scenarios/slow-query/runbook.md:1: warning: has no section 'Rollback'; add a heading `## Rollback`"),
    ("scenarios/slow-query/runbook.md", '"name":"mend"', '"name":"check"', "scenarios/slow-query/runbook.md:11: a second block named 'check'"),
    ("scenarios/slow-query/runbook.md", '"cause":"missing-index"', '"cause":"missing-indx"', "scenarios/slow-query/runbook.md:11: mend.cause: 'missing-indx' is not among the scenario's causes; did you mean missing-index?"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "said"), MISTAKES)
def test_a_mistake_is_said_with_its_place_and_what_would_be_right(tmp_path: Path, file, old, new, said):
    lines = [str(problem) for problem in validate(write_workspace(tmp_path, with_change(file, old, new)))]
    assert any(line.startswith(said) for line in lines), "\n".join(lines)


#: Mistakes that unavoidably make something else wrong as well.
NOT_ALONE = (
    "htpp",
    "ulr",
    "titel",
    "playbook: slurpi",
    "name: mine",
    "name: ours",
    "name: home",
    "evry",
    "montly",
    "external-api-blocked",
)


def test_a_mitigation_without_a_horizon_is_warned_of(tmp_path: Path):
    file = "scenarios/slow-query/runbook.md"
    (problem,) = validate(write_workspace(tmp_path, with_change(file, "### 5-30 minutes", "### Later")))
    assert str(problem) == (
        f"{file}:1: warning: has no horizon '5 to 30 minutes'; add a heading `### 5 to 30 minutes` below Mitigation"
    )


@pytest.mark.parametrize(("file", "old", "new", "said"), MISTAKES)
def test_one_mistake_is_one_problem(tmp_path: Path, file, old, new, said):
    problems = validate(write_workspace(tmp_path, with_change(file, old, new)))
    assert len(problems) == 1 or any(mark in new for mark in NOT_ALONE), "\n".join(map(str, problems))


def test_all_mistakes_of_all_files_are_told_at_once_in_the_order_of_their_lines(tmp_path: Path):
    files = with_change("probes/shop.yaml", "every: 3s", "every: 3 s")
    files["playbooks/ours.yaml"] = (
        PLAYBOOK.replace("eror", "error").replace("by: 1m", "by: 1 m").replace("by: 30m", "by: x")
    )
    files["scenarios/slow-query/scenario.yaml"] = SCENARIO.replace("at: 5s", "at: 5 s").replace("story", "storry")
    problems = validate(write_workspace(tmp_path, files))
    assert [(problem.file, problem.line) for problem in problems] == [
        ("playbooks/ours.yaml", 15),
        ("playbooks/ours.yaml", 17),
        ("probes/shop.yaml", 3),
        ("scenarios/slow-query/scenario.yaml", 1),
        ("scenarios/slow-query/scenario.yaml", 2),
        ("scenarios/slow-query/scenario.yaml", 5),
    ]


def test_a_probe_that_cannot_be_used_is_not_unknown_to_those_who_name_it(tmp_path: Path):
    problems = validate(write_workspace(tmp_path, with_change("probes/shop.yaml", "every: 3s", "every: 3 s")))
    assert [problem.file for problem in problems] == ["probes/shop.yaml"]


def test_an_included_playbook_that_the_probes_cannot_feed_is_a_warning_at_its_name(tmp_path: Path):
    files = {name: text for name, text in FILES.items() if not name.startswith("playbooks")}
    files["drills.yaml"] = CONFIG.replace("ours", "pagerduty")
    files["scenarios/slow-query/scenario.yaml"] = SCENARIO
    problems = validate(write_workspace(tmp_path, files))
    assert all(problem.warning and problem.line == 2 for problem in problems)
    assert any("replication_lag" in problem.wrong for problem in problems)


def test_an_error_is_told_with_the_warnings_beside_it(tmp_path: Path):
    files = with_change("playbooks/ours.yaml", "site_failing", "login_failing")
    files["drills.yaml"] = CONFIG.replace("quiet", "quite")
    problems = validate(write_workspace(tmp_path, files))
    assert [problem.warning for problem in problems] == [False, True]


def test_a_folder_without_drills_yaml_says_so(tmp_path: Path):
    (problem,) = validate(tmp_path)
    assert str(problem) == "drills.yaml: there is no such file; write it, or correct the name"


def test_a_file_of_a_newer_format_is_refused_in_one_line(tmp_path: Path):
    newer = "format: 2\nlevles: [what, we, do, not, know]\n"
    files = {**FILES, "playbooks/ours.yaml": newer, "probes/shop.yaml": "format: 3\nprobes: 1\n"}
    problems = [str(problem) for problem in validate(write_workspace(tmp_path, files)) if problem.field == "format"]
    assert problems == [
        "playbooks/ours.yaml:1: format: format 2 is newer than this version of drills reads (1); upgrade drills",
        "probes/shop.yaml:1: format: format 3 is newer than this version of drills reads (1); upgrade drills",
    ]


def test_an_old_name_of_a_kind_of_probe_is_read_and_said_to_be_old(tmp_path: Path) -> None:
    probe = "- name: memory\n  process: {state: '${state}', service: app}\n  every: 5s\n  timeout: 3s\n"
    root = write_workspace(tmp_path, {"drills.yaml": "playbook: fastapi", "probes/old.yaml": probe})
    told = [str(each) for each in validate(root) if each.file.startswith("probes")]
    assert told == ["probes/old.yaml:2: warning: [0].process: is the old name of the kind container; write container"]
    assert Workspace.load(root).probes["memory"].kind == "container"
