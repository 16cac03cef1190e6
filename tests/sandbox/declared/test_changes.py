"""What changes on a team's own services, against a real engine: put in force, seen, and taken back to what was."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drills.errors import BadInput, EnvironmentFailed, NotReady, NotSupported
from drills.faults.fault import Fault, FaultImpossible
from drills.faults.injection import lacking
from drills.faults.registry import fault_of
from drills.model.scenario import FaultSpec
from drills.sandbox.compose.engine import engine_host
from drills.sandbox.compose.project import Project
from drills.sandbox.declared.declaration import Act, Adapter, DeclaredService
from drills.sandbox.declared.sandbox import DeclaredSandbox
from drills.sandbox.declared.system import ReleaseDeclaration

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300), pytest.mark.xdist_group("declared-changes")]

IMAGE = "drills-test/changes"
WEB = """
import http.server, json, os, sys
if os.environ["RELEASE"] == "crashes":
    sys.exit("broken from the start")
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(500 if os.environ["RELEASE"] == "broken" and self.path != "/healthz" else 200)
        self.end_headers()
        self.wfile.write(json.dumps(dict(os.environ)).encode())
    def log_message(self, *words):
        pass
http.server.ThreadingHTTPServer(("", 8000), Page).serve_forever()
"""
COMPOSE = f"""
services:
  web:
    image: {IMAGE}:good
    init: true
    stop_grace_period: 1s
    environment: {{POOL_SIZE: "10", PRICE: "5$$"}}
    tmpfs: ["/data:size=4m"]
  other:
    image: redis:7
"""
SETTINGS = {"web": ("POOL_SIZE", "PRICE", "FEATURE", "API_TOKEN")}


def docker(*words: str, folder: Path, text: str | None = None) -> str:
    done = subprocess.run(["docker", *words], cwd=folder, input=text, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("changes")
    folder.chmod(0o755)
    (folder / "web.py").write_text(WEB)
    (folder / "compose.yaml").write_text(COMPOSE)
    for tag in ("good", "broken", "crashes"):
        built = f"FROM python:3.11-slim\nENV RELEASE={tag} FEATURE=image PYTHONDONTWRITEBYTECODE=1\nCOPY web.py /\n"
        docker("build", "--quiet", "--tag", f"{IMAGE}:{tag}", "--file", "-", ".", folder=folder,
               text=f'{built}CMD ["python", "/web.py"]\n')  # fmt: skip
    docker("compose", "up", "--detach", folder=folder)
    yield folder
    docker("compose", "down", "--volumes", "--timeout", "1", folder=folder)
    for tag in ("good", "broken", "crashes"):
        docker("image", "rm", f"{IMAGE}:{tag}", folder=folder)


def opened(folder: Path, *, settings: dict[str, tuple[str, ...]] | None = None) -> DeclaredSandbox:
    project = Project(folder.name.lower().replace("_", "-"), folder, folder / "compose.yaml", engine_host())
    return DeclaredSandbox(
        Project(_project_name(folder), project.folder, project.file, project.host),
        folder / ".drills" / "sandbox",
        {
            "web": DeclaredService(adapter=Adapter.HTTP, port=8000, health="/healthz", may=tuple(Act), disk="/data"),
            "other": DeclaredService(adapter=Adapter.REDIS),
        },
        releases=ReleaseDeclaration(service="web", image=IMAGE, tags=("good", "broken", "crashes", "missing")),
        settings=SETTINGS if settings is None else settings,
    )


def _project_name(folder: Path) -> str:
    return json.loads(docker("compose", "config", "--format", "json", folder=folder))["name"]  # type: ignore[no-any-return]


@pytest.fixture
def sandbox(folder: Path) -> Iterator[DeclaredSandbox]:
    """Each test leaves the project as it was, the other service's container included."""
    sandbox = opened(folder)
    before, other = sandbox.fingerprint(), docker("compose", "ps", "--quiet", "other", folder=folder)
    yield sandbox
    sandbox.restore(before)
    assert sandbox.fingerprint() == before
    assert docker("compose", "ps", "--quiet", "other", folder=folder) == other, "the other service was recreated"
    assert not list((folder / ".drills").rglob("override.yaml"))


def fault(**settings: object) -> Fault:
    return fault_of(FaultSpec.model_validate({key.replace("_", "-"): value for key, value in settings.items()}))


def environment(sandbox: DeclaredSandbox) -> dict[str, Any]:
    with urllib.request.urlopen(sandbox.addresses["web"] + "/healthz", timeout=5) as answer:
        return json.loads(answer.read())  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "spec",
    [
        {"kind": "deploy-release", "release": "broken"},
        {"kind": "deploy-release", "release": "crashes"},
        {"kind": "change-setting", "setting": "POOL_SIZE", "value": 1},
        {"kind": "change-setting", "setting": "PRICE", "value": "$HOME ${PATH}", "service": "web"},
        {"kind": "change-setting", "setting": "FEATURE", "value": None},
        {"kind": "change-setting", "setting": "API_TOKEN", "value": "hunter2"},
        {"kind": "scale-service", "service": "web", "replicas": 3},
        {"kind": "scale-service", "service": "web", "replicas": 0},
        {"kind": "resize-service", "service": "web", "memory": "256m", "cpus": 0.5},
        {"kind": "resize-service", "service": "web", "memory": "8m", "restart": True},
        {"kind": "stress-cpu", "service": "web", "workers": 2},
        {"kind": "fill-disk", "service": "web"},
        {"kind": "pause-replica", "service": "web/1"},
    ],
    ids=lambda spec: "-".join(str(value) for value in spec.values()),
)
def test_a_fault_is_seen_refused_a_second_time_and_undone_without_a_trace(
    sandbox: DeclaredSandbox, spec: dict[str, object]
) -> None:
    before = sandbox.fingerprint()
    one = fault_of(FaultSpec.model_validate(spec))
    assert lacking([one], sandbox) is None
    one.check(sandbox)
    plan = json.loads(json.dumps(one.undo_plan(sandbox)))
    one.undo(sandbox, plan)
    one.verify_undone(sandbox, plan)
    assert sandbox.fingerprint() == before, "an undo before the fault changes nothing"
    one.apply(sandbox)
    evidence = one.verify(sandbox)
    assert evidence
    assert "hunter2" not in evidence + one.summary()
    if spec["kind"] != "stress-cpu":
        with pytest.raises((FaultImpossible, EnvironmentFailed)):
            one.check(sandbox)
    for _ in range(2):
        type(one).undo(opened(sandbox_folder(sandbox)), plan)
        type(one).verify_undone(opened(sandbox_folder(sandbox)), plan)
    assert sandbox.fingerprint() == before


def sandbox_folder(sandbox: DeclaredSandbox) -> Path:
    return Path(sandbox.addresses.get("state") or sandbox._store.path).parents[2]


def test_a_service_within_less_memory_than_it_needs_is_really_killed(sandbox: DeclaredSandbox, folder: Path) -> None:
    one = fault(kind="resize-service", service="web", memory="8m", restart=True)
    one.apply(sandbox)
    assert "killed by the OOM killer" in one.verify(sandbox) or not sandbox.resources.stats()[0].replicas
    assert "true" in docker("inspect", "--format", "{{.State.OOMKilled}}", container(folder), folder=folder)


def container(folder: Path) -> str:
    return docker("compose", "ps", "--all", "--quiet", "web", folder=folder).splitlines()[0]


def test_a_limit_below_what_is_in_use_is_refused_beforehand(sandbox: DeclaredSandbox) -> None:
    with pytest.raises(
        FaultImpossible, match="the kernel accepts no limit below that; write a larger memory, or restart"
    ):
        fault(kind="resize-service", service="web", memory="6m").check(sandbox)


def test_a_limit_of_no_cores_is_refused_and_one_is_lifted_by_its_own_name(sandbox: DeclaredSandbox) -> None:
    for wrong in ({"cpus": 0}, {"cpus": -1}, {}):
        with pytest.raises(BadInput, match="cpus"):
            sandbox.resources.resize("web", **wrong)
    sandbox.resources.resize("web", cpus=0.5)
    sandbox.resources.lift_cpus("web")
    assert sandbox.resources.state()["web/1.cpus"] == "0"


def test_releases_are_rolled_back_one_after_the_other(sandbox: DeclaredSandbox) -> None:
    sandbox.releases.deploy("broken")
    with pytest.raises(NotReady, match=r"release crashes is deployed, but web did not come up .*broken from the start"):
        sandbox.releases.deploy("crashes")
    assert sandbox.releases.rollback() == "broken"
    assert sandbox.releases.rollback() == "good"
    assert environment(sandbox)["RELEASE"] == "good"
    with pytest.raises(BadInput, match="no release ran before good"):
        sandbox.releases.rollback()
    assert [each.what for each in sandbox.changes.list()][-1] == "release broken of web deployed"


def test_a_release_whose_image_is_not_there_is_refused_before_the_drill(sandbox: DeclaredSandbox) -> None:
    why = lacking([fault(kind="deploy-release", release="missing")], sandbox)
    assert why == f"deploy-release: the image {IMAGE}:missing is not on this engine; build it, or pull it"


def test_settings_and_releases_in_force_together_come_back_one_by_one(sandbox: DeclaredSandbox) -> None:
    sandbox.settings.set({"POOL_SIZE": "1", "web.API_TOKEN": "hunter2", "FEATURE": None})
    sandbox.releases.deploy("broken")
    found = environment(sandbox)
    assert (found["POOL_SIZE"], found["API_TOKEN"], found["RELEASE"]) == ("1", "hunter2", "broken")
    assert "FEATURE" not in found
    assert not any("hunter2" in each.what for each in sandbox.changes.list())
    sandbox.settings.set({"POOL_SIZE": "10", "API_TOKEN": None, "FEATURE": "image"})
    assert environment(sandbox)["RELEASE"] == "broken", "the release is still in force"
    assert sandbox._override.part("settings") == {}


def test_an_override_that_was_removed_by_hand_does_no_harm(sandbox: DeclaredSandbox) -> None:
    before = sandbox.fingerprint()
    sandbox.settings.set({"POOL_SIZE": "1"})
    sandbox._override.file().unlink()  # type: ignore[union-attr]
    sandbox.releases.deploy("broken")
    assert environment(sandbox)["POOL_SIZE"] == "1"
    sandbox._store.path.unlink()
    assert opened(sandbox_folder(sandbox)).restore(before)
    assert (environment(sandbox)["POOL_SIZE"], environment(sandbox)["RELEASE"]) == ("10", "good")


def test_a_project_that_its_owner_took_down_is_brought_back_as_it_was(sandbox: DeclaredSandbox, folder: Path) -> None:
    one = fault(kind="change-setting", setting="POOL_SIZE", value="1")
    plan, before = one.undo_plan(sandbox), sandbox.fingerprint()
    one.apply(sandbox)
    docker("compose", "rm", "--stop", "--force", "web", folder=folder)
    type(one).undo(sandbox, plan)
    type(one).verify_undone(sandbox, plan)
    sandbox.restore(before)
    assert environment(sandbox)["POOL_SIZE"] == "10"


def test_a_service_that_is_gone_from_the_compose_file_is_told_in_one_line(
    sandbox: DeclaredSandbox, folder: Path
) -> None:
    sandbox.settings.set({"POOL_SIZE": "1"})
    (folder / "compose.yaml").write_text(COMPOSE.replace("  web:", "  site:"))
    try:
        with pytest.raises(
            BadInput, match="there is no service 'web' any more, and a change of it by drills is in force"
        ):
            sandbox.settings.set({"POOL_SIZE": "10"})
    finally:
        (folder / "compose.yaml").write_text(COMPOSE)


def test_containers_that_are_not_as_the_compose_file_says_are_not_made_anew(
    sandbox: DeclaredSandbox, folder: Path
) -> None:
    (folder / "compose.yaml").write_text(COMPOSE.replace("PRICE:", "MORE: x, PRICE:"))
    try:
        with pytest.raises(NotSupported, match="`docker compose up --detach web` brings them up to date"):
            sandbox.settings.set({"POOL_SIZE": "1"})
    finally:
        (folder / "compose.yaml").write_text(COMPOSE)
    assert environment(sandbox)["POOL_SIZE"] == "10"


def test_what_was_written_outside_of_volumes_is_not_lost(sandbox: DeclaredSandbox, folder: Path) -> None:
    docker("exec", container(folder), "touch", "/srv/upload", folder=folder)
    try:
        for change in (lambda: sandbox.settings.set({"POOL_SIZE": "1"}), lambda: sandbox.releases.deploy("broken")):
            with pytest.raises(NotSupported, match="/srv/upload"):
                change()
    finally:
        docker("exec", container(folder), "rm", "/srv/upload", folder=folder)


def test_a_restart_is_a_restart(sandbox: DeclaredSandbox, folder: Path) -> None:
    began = docker("inspect", "--format", "{{.State.StartedAt}}", container(folder), folder=folder)
    one = fault(kind="restart-service", service="web")
    one.check(sandbox)
    plan = one.undo_plan(sandbox)
    one.apply(sandbox)
    assert one.verify(sandbox) == "web is up"
    assert docker("inspect", "--format", "{{.State.StartedAt}}", container(folder), folder=folder) > began
    type(one).undo(sandbox, plan)
    type(one).verify_undone(sandbox, plan)


def test_what_spins_takes_the_containers_own_time(sandbox: DeclaredSandbox) -> None:
    one = fault(kind="stress-cpu", service="web", workers=2, seconds=30)
    plan = one.undo_plan(sandbox)
    before = _used(sandbox)
    one.apply(sandbox)
    deadline = time.monotonic() + 30
    while _used(sandbox) < before + 0.05 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert _used(sandbox) > before + 0.05
    type(one).undo(sandbox, plan)


def _used(sandbox: DeclaredSandbox) -> float:
    return next(each.cpu for each in sandbox.resources.stats() if each.name == "web")
