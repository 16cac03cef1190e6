"""The container probe against an engine that speaks HTTP over a socket, as Docker's does."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any
from urllib.parse import unquote

import pytest

from drills.model.probe import Outcome
from drills.sandbox.compose.replica_usage import ContainerUsage
from drills.sandbox.state import ComposeProject, SandboxState
from tests.probing.checking import Checked, KeptSandbox, run_probe

MB = 2**20


class Engine:
    """Containers that a test changes; `asked` are the paths that were asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: dict[str, dict[str, Any]] = {}
        self.cpu: dict[str, float] = {}
        self.asked: list[str] = []

    def add(self, name: str, service: str = "app", *, folder: Path | None = None, **state: Any) -> None:
        about = {"Running": True, "StartedAt": "one", "FinishedAt": "never", "OOMKilled": False}
        self.cpu[name] = 1.0
        self.told[name] = {
            "Id": name,
            "State": about | state,
            "RestartCount": 0,
            "HostConfig": {"Memory": 200 * MB, "NanoCpus": 1_000_000_000},
            "Labels": {
                "com.docker.compose.project": "shop",
                "com.docker.compose.project.working_dir": str(folder or self.folder),
                "com.docker.compose.service": service,
                "com.docker.compose.oneoff": "False",
            },
        }

    def change(self, name: str, **state: Any) -> None:
        self.told[name]["State"] |= state

    def answer(self, path: str) -> Any:
        self.asked.append(path)
        parts = path.partition("?")[0].split("/")
        if parts[-1] == "stats":
            used = {"usage": 150 * MB, "stats": {"inactive_file": 50 * MB}}
            return {"cpu_stats": {"cpu_usage": {"total_usage": self.cpu[parts[2]] * 1e9}}, "memory_stats": used}
        if path.startswith("/containers/json"):
            wanted = json.loads(unquote(path.partition("filters=")[2]))
            assert wanted == {"label": ["com.docker.compose.project=shop"]}
            return [
                {
                    "Id": name,
                    "Names": [f"/{name}"],
                    "Labels": told["Labels"],
                    "State": "running" if told["State"]["Running"] else "exited",
                    "Status": "",
                    "ImageID": "sha256:1",
                    "Ports": [],
                }
                for name, told in self.told.items()
            ]
        return self.told[parts[2]]


@contextmanager
def answering(engine: Engine, socket: Path) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(engine.answer(self.path)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def address_string(self) -> str:
            return "here"

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingUnixStreamServer(str(socket), Handler)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    try:
        yield f"unix://{socket}"
    finally:
        server.shutdown()
        server.server_close()
        serving.join()


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path.resolve())


def measured(state: Path, **more: Any) -> Checked:
    return asyncio.run(run_probe("container", {"service": "app"}, sandbox=KeptSandbox(state, ContainerUsage), **more))


def check(engine: Engine, **more: Any) -> Checked:
    with answering(engine, engine.folder / "engine.sock") as host:
        compose = ComposeProject(name="shop", folder=str(engine.folder), host=host)
        state = engine.folder / "state.json"
        state.write_text(SandboxState(identity="x", compose=compose).model_dump_json())
        return measured(state, **more)


def test_memory_and_processor_time_are_shares_of_the_containers_limits(engine: Engine) -> None:
    engine.add("a")
    engine.add("b")
    engine.add("db", "database")

    checked = check(engine, times=2, asserts=["processes == 2", "restarts == 0", "oom_kills == 0", "memory_bytes > 0"])
    assert (checked.outcome, checked.reason) == (Outcome.PASS, "")
    assert checked.seen.metrics == {"memory": 0.5, "cpu": 0.0}
    assert not [path for path in engine.asked if "/db/" in path]
    assert all("one-shot=true" in path for path in engine.asked if "/stats" in path)


def test_an_end_for_want_of_memory_is_seen_also_when_the_engine_has_started_it_again(engine: Engine) -> None:
    engine.add("a")
    engine.add("b", OOMKilled=True, FinishedAt="before the first check")

    checked = check(
        engine,
        times=2,
        between=lambda: engine.change("a", OOMKilled=True, FinishedAt="now", StartedAt="two"),
        asserts=["oom_kills == 0"],
    )
    assert checked.reason == "oom_kills 1, not 0"
    assert checked.seen.values["restarts"] == 1


def test_a_replica_that_ended_is_missed_and_no_other_service_stands_in_for_it(engine: Engine) -> None:
    engine.add("a", Running=False)
    engine.add("db", "database")
    checked = check(engine)
    assert (checked.outcome, checked.reason) == (Outcome.FAIL, "no replica of app is running")


def test_a_project_of_the_same_name_in_another_folder_is_not_checked(engine: Engine) -> None:
    engine.add("a", folder=Path("/somewhere/else"))
    checked = check(engine)
    assert checked.outcome is Outcome.UNKNOWN
    assert "belongs to /somewhere/else" in checked.reason
    assert len(engine.asked) == 1


def test_an_engine_that_is_down_leaves_the_probe_without_an_answer(engine: Engine) -> None:
    compose = ComposeProject(name="shop", folder=str(engine.folder), host=f"unix://{engine.folder}/none.sock")
    state = engine.folder / "state.json"
    state.write_text(SandboxState(identity="x", compose=compose).model_dump_json())
    checked = measured(state)
    assert checked.outcome is Outcome.UNKNOWN
    assert "does not answer" in checked.reason
