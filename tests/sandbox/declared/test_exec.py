"""Commands of a fault in containers of a team's own project: bounded, and nothing of them stays behind there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from drills.drill.recovery import recover
from drills.faults.injection import inject
from drills.faults.registry import fault_of
from drills.model.events import FaultFailed, FaultVerified, ResponderKind
from drills.model.scenario import FaultSpec
from drills.processes.leftovers import until
from drills.sandbox.sandbox import Sandbox
from drills.store.journal import Journal
from drills.store.store import Store
from drills.workspace.sandbox import open_sandbox
from drills.workspace.workspace import Workspace
from tests.faults.settling import settle

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[3]
COMPOSE = """
services:
  db:
    image: redis:7
    init: true
  web:
    image: redis:7
    init: true
    scale: 2
"""
CONFIG = """
format: 1
playbook: fastapi
sandbox:
  file: compose.yaml
  services:
    db: {adapter: redis, may: [exec]}
    web: {}
"""
FAULT = {
    "in": "db",
    "check": "[ ! -e /tmp/fault ]",
    "apply": "touch /tmp/fault",
    "verify": "ls /tmp/fault",
    "undo": "rm -f /tmp/fault",
    "verify-undone": "[ ! -e /tmp/fault ]",
}
HIDDEN = "(setsid sleep 300 > /dev/null 2>&1 &)"


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True, timeout=120).stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("exec-in-containers")
    (place / "compose.yaml").write_text(COMPOSE)
    (place / "drills.yaml").write_text(CONFIG)
    (place / ".drills").mkdir()
    compose = ["docker", "compose", "--project-directory", str(place)]
    subprocess.run([*compose, "up", "--detach"], capture_output=True, check=True, timeout=120)
    yield place
    subprocess.run([*compose, "down", "--volumes", "--timeout", "1"], capture_output=True, timeout=120)


@pytest.fixture
def store(folder: Path, tmp_path: Path) -> Iterator[Store]:
    """One for each test, and a container without the traces of the test before."""
    docker("exec", container(folder).strip(), "rm", "-f", "/tmp/fault", "/tmp/now")
    opened = Store.open(f"sqlite:///{tmp_path}/drills.db")
    yield opened
    opened.close()


@pytest.fixture
def sandbox(folder: Path) -> Sandbox:
    return open_sandbox(Workspace.load(folder))


def container(folder: Path, service: str = "db") -> str:
    label = f"label=com.docker.compose.project.working_dir={folder}"
    return docker(
        "ps", "--all", "--quiet", "--filter", label, "--filter", f"label=com.docker.compose.service={service}"
    )


def living(folder: Path) -> list[str]:
    """The programs in the container beside those of its image, one word each."""
    shown = docker("top", container(folder).split()[0], "-eo", "pid,comm").splitlines()[1:]
    return [name for line in shown if (name := line.split()[1]) not in ("docker-init", "redis-server", "tini")]


def injected(store: Store, sandbox: Sandbox, **settings: Any) -> tuple[str, str]:
    """The id of the drill, and the evidence, or why the fault could not be put in place."""
    fault = fault_of(FaultSpec(kind="exec", settings={"timeout": "30s", **FAULT, **settings}))
    drill = store.begin_drill(scenario="own", sandbox="default", responder=ResponderKind.NONE).drill_id
    events: list[Any] = []
    inject(Journal(store), sandbox, drill, 0, fault, lambda make: events.append(make(t=0, at=store.clock.now())))
    last = events[-1]
    assert isinstance(last, FaultVerified | FaultFailed)
    return drill, last.evidence if isinstance(last, FaultVerified) else last.reason


def mended(store: Store, sandbox: Sandbox, drill: str) -> list[str]:
    return [each.failed for each in settle(store, sandbox, drill)]


def test_what_apply_leaves_there_goes_on_until_the_undo(folder: Path, store: Store, sandbox: Sandbox) -> None:
    drill, said = injected(store, sandbox, apply=f"{HIDDEN}; touch /tmp/fault", verify=f"{HIDDEN}; ls /tmp/fault")
    assert said == "/tmp/fault"
    assert living(folder) == ["sleep"], "that of verify was ended"
    assert mended(store, sandbox, drill) == [""]
    assert living(folder) == []


@pytest.mark.parametrize("phase", [phase for phase in FAULT if phase != "in"])
def test_a_command_that_hangs_is_ended_there_too(folder: Path, store: Store, sandbox: Sandbox, phase: str) -> None:
    hanging = {"run": f"{HIDDEN}; sleep 300", "timeout": "500ms"}
    drill, said = injected(store, sandbox, **{phase: hanging})
    why = f"{phase}: it did not end in time"
    assert living(folder) == []
    late = phase.startswith(("undo", "verify-undone"))
    assert said == ("/tmp/fault" if late else why)
    assert mended(store, sandbox, drill) == ([why] if late else [] if phase == "check" else [""])
    assert living(folder) == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"verify": ["no-such-program"]}, "verify: exit status 127: sh: no-such-program: not found"),
        ({"verify": "no-such-program"}, "verify: exit status 127: sh: no-such-program: not found"),
        ({"verify": "kill -9 $$"}, "verify: exit status 137 (SIGKILL)"),
        ({"verify": ["echo", "a word"]}, "a word"),
        ({"verify": "echo $HUE", "environment": {"HUE": "blue"}}, "blue"),
        ({"verify": "head -c 1000000 /dev/zero | tr '\\0' x"}, "… " + "x" * 200),
        ({"in": "web"}, "exec: drills.yaml: sandbox.services.web.may does not name exec"),
    ],
)
def test_what_comes_back_is_one_line(store: Store, sandbox: Sandbox, settings: dict[str, Any], said: str) -> None:
    drill, heard = injected(store, sandbox, **settings)
    assert heard.startswith(said)
    assert mended(store, sandbox, drill) in ([], [""])


_RUNNER = """
import json, sys
from pathlib import Path
from drills.workspace.sandbox import open_sandbox
from drills.store.store import Store
from drills.workspace.workspace import Workspace
from tests.sandbox.declared.test_exec import injected, mended
folder, settings = Path(sys.argv[1]), json.loads(sys.argv[2])
store, sandbox = Store.open(sys.argv[3]), open_sandbox(Workspace.load(folder))
drill, said = injected(store, sandbox, **settings)
print(said, mended(store, sandbox, drill))
"""


@pytest.mark.parametrize("phase", ["check", "apply", "undo"])
def test_a_runner_that_is_killed_leaves_nothing_there(folder: Path, store: Store, sandbox: Sandbox, phase: str) -> None:
    hangs = f"if [ ! -e /tmp/now ]; then {HIDDEN}; touch /tmp/now; sleep 299; fi\n{FAULT[phase]}"
    settings = json.dumps({"apply": f"{HIDDEN}; touch /tmp/fault", phase: hangs})
    runner = subprocess.Popen([sys.executable, "-c", _RUNNER, str(folder), settings, str(store.database.url)], cwd=ROOT)
    own = container(folder).strip()
    assert until(lambda: subprocess.run(["docker", "exec", own, "ls", "/tmp/now"], capture_output=True).returncode == 0,
                 seconds=120)  # fmt: skip
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    assert recover(store, sandbox, "default", folder).owed == ()
    assert until(lambda: living(folder) == [], seconds=60)
    docker("exec", own, "test", "!", "-e", "/tmp/fault")


def test_a_container_that_is_renamed_or_made_anew_is_found_and_one_that_is_gone_is_said(
    folder: Path, store: Store, sandbox: Sandbox
) -> None:
    drill, said = injected(store, sandbox)
    assert said == "/tmp/fault"
    own = container(folder).strip()
    docker("rename", own, f"renamed-{own[:12]}")
    docker("stop", "--time", "1", own)
    assert mended(store, sandbox, drill) == ["db/1 is down: no command can be run in it"]
    docker("rm", own)
    assert mended(store, sandbox, drill) == ["db has no container; bring the service up, or name another one"]
    compose = ["compose", "--project-directory", str(folder)]
    docker(*compose, "up", "--detach", "db")
    assert mended(store, sandbox, drill) == [""]


def test_the_example_of_the_page_works(store: Store, sandbox: Sandbox) -> None:
    page = (ROOT / "docs/scenarios.md").read_text().partition("## A fault of your own")[2]
    (injection,) = yaml.safe_load(page.partition("```yaml\n")[2].partition("```")[0])["timeline"]
    settings = {**dict.fromkeys(FAULT), **injection["fault"], "in": "db"}
    del settings["kind"]
    drill, said = injected(store, sandbox, **settings)
    assert said == "NOREPLICAS Not enough good replicas to write."
    assert mended(store, sandbox, drill) == [""]


def test_an_operator_runs_a_command_there(folder: Path) -> None:
    def typed(*words: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DRILLS_", "COMPOSE_"))}
        return subprocess.run(
            [sys.executable, "-m", "drills", "sandbox", "exec", *words],
            cwd=folder,
            env={**kept, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=120,
        )

    assert typed("db", "redis-cli", "ping").stdout == "PONG\n"
    assert typed("--read-only", "web/2", "--", "sh", "-c", "echo $0 -- $1; exit 3", "a", "b").returncode == 3
    hung = typed("--timeout", "0.5", "db", "sleep", "298")
    assert (hung.returncode, hung.stderr.strip().splitlines()[-1]) == (
        3,
        "sleep did not end within 0.5 s; it was ended",
    )
    assert (
        typed("nowhere", "ls").stderr.strip() == "nowhere has no container; bring the service up, or name another one"
    )
