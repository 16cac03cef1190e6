"""A folder as a workspace."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from drills.errors import BadInput, InvalidFiles
from drills.included import included_root
from drills.sandbox.choice import SandboxLocation
from drills.workspace.config import SandboxConfig
from drills.workspace.titles import Outline, outlines, sandbox_location
from drills.workspace.validate import validate
from drills.workspace.workspace import Workspace
from tests.workspace.sample import write_workspace

SCENARIO = """
title: A title
story: A story.
steady: {probes: [home]}
"""
PLAYBOOK = """
name: {name}
title: Ours
levels:
  - name: ONE
    means: bad
    respond: {{within: 5m, source: us}}
"""


def test_the_workspace_is_found_from_a_folder_inside_it(tmp_path: Path):
    write_workspace(tmp_path, {"drills.yaml": "playbook: fastapi", "scenarios/one/scenario.yaml": SCENARIO})
    workspace = Workspace.load(tmp_path / "scenarios" / "one")
    assert (workspace.root, workspace.home) == (tmp_path, tmp_path)
    assert workspace.scenario("one").name == "one"
    assert workspace.runbook_path("one") == tmp_path / "scenarios/one/runbook.md"
    assert workspace.state_dir == tmp_path / ".drills"
    assert workspace.store_url == f"sqlite:///{tmp_path}/.drills/drills.db"
    assert workspace.reports_dir == tmp_path / "reports"


def test_an_empty_folder_uses_the_included_files_and_keeps_its_own_state(tmp_path: Path):
    workspace = Workspace.load(tmp_path)
    assert (workspace.root, workspace.home) == (included_root(), tmp_path)
    assert workspace.config.playbook == "fastapi"
    assert workspace.state_dir == tmp_path / ".drills"
    assert workspace.reports_dir == tmp_path / "reports"
    assert not list(tmp_path.iterdir())


def test_included_playbooks_are_known_and_a_teams_own_of_the_same_name_comes_first(tmp_path: Path):
    files = {"drills.yaml": "playbook: ours"}
    files |= {f"playbooks/{name}.yaml": PLAYBOOK.format(name=name) for name in ("ours", "fastapi")}
    workspace = Workspace.load(write_workspace(tmp_path, files))
    assert set(workspace.playbooks) == {"emotionscare", "fastapi", "nutriprofile", "ours", "pagerduty", "slurpy"}
    assert workspace.playbook().name == "ours"
    assert workspace.playbook("fastapi").title == "Ours"
    assert workspace.playbook("slurpy").title == "Slurpy"


def test_a_file_is_read_only_when_it_is_asked_for(tmp_path: Path):
    files = {"drills.yaml": "playbook: fastapi", "scenarios/good/scenario.yaml": SCENARIO}
    files |= {"scenarios/bad/scenario.yaml": "titel: x"}
    workspace = Workspace.load(write_workspace(tmp_path, files))
    assert list(workspace.scenarios) == ["bad", "good"]
    assert workspace.scenarios["good"].title == "A title"
    with pytest.raises(InvalidFiles) as caught:
        workspace.scenario("bad")
    assert "scenarios/bad/scenario.yaml:1: titel: unknown key; did you mean title?" in str(caught.value)


def test_a_mistyped_name_gets_the_nearest_one(tmp_path: Path):
    files = {"drills.yaml": "playbook: fastapi", "scenarios/slow-query/scenario.yaml": SCENARIO}
    workspace = Workspace.load(write_workspace(tmp_path, files))
    with pytest.raises(BadInput, match=r"there is no scenario 'slow-qeury'; did you mean slow-query\?"):
        workspace.scenario("slow-qeury")
    with pytest.raises(BadInput, match=r"there is no playbook 'slurpi'; did you mean slurpy\?"):
        workspace.playbook("slurpi")


def test_a_relative_sqlite_file_lies_in_the_workspace(tmp_path: Path):
    def url(store):
        return Workspace.load(
            write_workspace(tmp_path, {"drills.yaml": f"{{playbook: fastapi, store: '{store}'}}"})
        ).store_url

    assert url("sqlite:///our.db") == f"sqlite:///{tmp_path}/our.db"
    assert url("sqlite:////var/drills.db") == "sqlite:////var/drills.db"
    assert url("postgresql://db/drills") == "postgresql://db/drills"


def test_the_locustfile_is_the_scenarios_or_the_workspaces_or_the_included_one(tmp_path: Path):
    own = SCENARIO + "traffic: {locustfile: users.py}\n"
    files = {"drills.yaml": "playbook: fastapi", "scenarios/own/scenario.yaml": own}
    workspace = Workspace.load(write_workspace(tmp_path, files | {"scenarios/plain/scenario.yaml": SCENARIO}))
    assert workspace.locustfile(workspace.scenario("own")) == tmp_path / "scenarios/own/users.py"
    assert workspace.locustfile(workspace.scenario("plain")) == included_root() / "shop/locustfile.py"
    write_workspace(tmp_path, {"shop/locustfile.py": ""})
    assert workspace.locustfile(workspace.scenario("plain")) == tmp_path / "shop/locustfile.py"


OWN = "{playbook: fastapi, sandbox: {services: {web: {adapter: http, port: 80}, db: {adapter: postgres}}}"


def test_users_come_in_where_the_scenario_says_or_the_workspace_or_where_the_system_is_open(tmp_path: Path):
    def entrance(config: str, traffic: str = "") -> str | None:
        files = {"drills.yaml": config, "scenarios/a/scenario.yaml": f"{SCENARIO}traffic: {{{traffic}}}\n"}
        workspace = Workspace.load(write_workspace(tmp_path, files))
        return workspace.entrance(workspace.scenario("a"))

    assert entrance("playbook: fastapi") == "app"
    assert entrance("playbook: fastapi", "entrance: edge") == "edge"
    assert entrance(f"{OWN}}}") == "web"
    assert entrance(f"{OWN}, traffic: {{service: api}}}}") == "api"
    assert entrance("{playbook: fastapi, sandbox: {services: {db: {adapter: postgres}}}}") is None


PROBES = """
- {name: plain, metrics: {url: 'http://a/metrics'}}
- {name: own, metrics: {url: 'http://a/metrics', named: {requests: ours, status-label: code}}}
- {name: held, container: {state: '${state}'}}
"""


def test_a_probe_gets_from_the_system_what_it_leaves_out(tmp_path: Path):
    files = {"drills.yaml": "playbook: fastapi", "probes/a.yaml": PROBES}
    probes = Workspace.load(write_workspace(tmp_path, files)).probes
    assert probes["plain"].settings["named"]["requests"] == "shop_requests_total"
    assert probes["own"].settings["named"]["requests"] == "ours"
    assert probes["own"].settings["named"]["seconds"] == "shop_request_seconds"
    assert probes["held"].settings["service"] == "app"


def test_a_system_of_ones_own_has_no_metrics_by_the_names_of_another(tmp_path: Path):
    files = {"drills.yaml": f"{OWN}}}", "probes/a.yaml": PROBES, "compose.yaml": "services: {}"}
    said = [str(each) for each in validate(write_workspace(tmp_path, files)) if each.file.startswith("probes")]
    assert said == [
        "probes/a.yaml:2: [0].metrics: names no metric; write named: {requests: …}, with what the target calls it",
        "probes/a.yaml:4: [2].container.service: is missing; write it",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ":1: is empty"),
        ("- a", ":1: is not a mapping"),
        ("sandbox: {}", ":1: playbook: is missing; write it"),
        ("format: 2\nnew: x", ":1: format: format 2 is newer than this version of drills reads (1); upgrade drills"),
        ("playbook: a\nsandbox: {driver: lokal}", ":2: sandbox.driver: 'lokal' is not known here; did you mean local?"),
        ("playbook: a\nretention: {observations: 5 d}", "retention.observations: '5 d' is not a duration; write 5d"),
        ("playbook: a\nplaybok: x", ":2: playbok: unknown key; did you mean playbook?"),
        ("playbook: [1", ":1: is not YAML"),
    ],
)
def test_a_drills_yaml_that_cannot_be_used_says_where_and_what_would_be_right(tmp_path: Path, text, said):
    with pytest.raises(InvalidFiles) as caught:
        Workspace.load(write_workspace(tmp_path, {"drills.yaml": text}))
    assert str(caught.value).startswith("drills.yaml:")
    assert said in str(caught.value)
    assert len(caught.value.problems) == 1


def test_the_probes_of_all_files_are_known_by_name(tmp_path: Path):
    files = {"drills.yaml": "playbook: fastapi", "probes/a.yaml": "- {name: home, http: {url: '${app}/'}}"}
    files |= {"probes/b.yaml": "format: 1\nprobes:\n  - {name: cache, redis: {url: '${cache}'}, role: cache}"}
    workspace = Workspace.load(write_workspace(tmp_path, files))
    assert {name: probe.kind for name, probe in workspace.probes.items()} == {"home": "http", "cache": "redis"}


def test_titles_are_told_without_building_any_model(tmp_path: Path):
    faulty = "timeline: [{at: 1s, fault: {kind: fill-disk}}, {at: 2s}, 3s, {fault: {kind: 4}}]"
    files = {"drills.yaml": "not even", "scenarios/b/scenario.yaml": SCENARIO, "scenarios/a/scenario.yaml": faulty}
    told = outlines(write_workspace(tmp_path, files))
    assert told == {"a": Outline("(no title)", ("fill-disk",)), "b": Outline("A title", ())}
    heavy = "import sys, drills.workspace.titles as t; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", heavy], check=False).returncode == 0


def test_titles_of_files_that_are_not_yaml_are_an_error_with_its_line(tmp_path: Path):
    files = {"drills.yaml": "playbook: fastapi", "scenarios/a/scenario.yaml": "title: x\nstory: [1"}
    with pytest.raises(InvalidFiles, match=r"scenarios/a/scenario.yaml:2: is not YAML"):
        outlines(write_workspace(tmp_path, files))


def test_what_is_said_of_the_sandbox_is_told_without_building_any_model(tmp_path: Path):
    said = "{driver: compose, name: ours, file: other.yml, project: [1]}"
    told = sandbox_location(write_workspace(tmp_path, {"drills.yaml": f"sandbox: {said}"}))
    assert told == SandboxLocation(tmp_path, "compose", "ours", "other.yml", None)
    assert sandbox_location(write_workspace(tmp_path, {"drills.yaml": "sandbox: nonsense"})) == SandboxLocation(
        tmp_path
    )
    assert sandbox_location(tmp_path.parent) == SandboxLocation(tmp_path.parent)


def test_a_sandbox_of_which_nothing_is_said_is_the_same_with_and_without_a_model(tmp_path: Path):
    config = SandboxConfig()
    assert SandboxLocation(tmp_path) == SandboxLocation(
        tmp_path, config.driver, config.name, config.file, config.project
    )
