"""Which engine is asked, and what is said when it does not answer."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drills.errors import EnvironmentFailed
from drills.sandbox.compose.engine import USUAL_SOCKET, ask, containers, does_not_answer, engine_host, is_local


def context(home: Path, name: str, host: str) -> None:
    folder = home / ".docker" / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    folder.mkdir(parents=True)
    (folder / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": host}}}))


def test_the_engine_is_the_one_that_docker_would_use(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path)}
    assert engine_host(home) == USUAL_SOCKET
    context(tmp_path, "rootless", "unix:///run/user/1000/docker.sock")
    (tmp_path / ".docker" / "config.json").write_text('{"currentContext": "rootless"}')
    assert engine_host(home) == "unix:///run/user/1000/docker.sock"
    assert engine_host({**home, "DOCKER_CONTEXT": "default"}) == USUAL_SOCKET
    assert engine_host({**home, "DOCKER_HOST": "tcp://192.0.2.1:2375"}) == "tcp://192.0.2.1:2375"


def test_a_context_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailed, match="Docker's context 'gone' cannot be read"):
        engine_host({"HOME": str(tmp_path), "DOCKER_CONTEXT": "gone"})


def test_only_sockets_of_this_machine_are_local() -> None:
    assert is_local("unix:///var/run/docker.sock")
    assert is_local("npipe:////./pipe/docker_engine")
    assert not is_local("tcp://127.0.0.1:2375")
    assert not is_local("ssh://somebody@elsewhere")


def test_an_engine_that_is_down_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        EnvironmentFailed, match=r"the Docker engine at unix://.* does not answer: No such file"
    ) as told:
        containers(f"unix://{tmp_path}/none.sock", "ours")
    assert "\n" not in str(told.value)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without root's right to every file; somebody who has none anyway stays who they are."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_who_may_not_use_the_engines_socket_is_told_how_to_be_allowed(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    host = f"unix://{tmp_path}/closed/e.sock"
    with as_nobody(), pytest.raises(EnvironmentFailed) as told:
        ask(host, "/info")
    assert str(told.value) == (
        f"you may not use the Docker engine at {host}: join its group (docker) and log in again, or run the engine "
        "rootless, then `drills doctor` checks again"
    )


def test_a_permission_is_missing_however_deep_the_library_says_so() -> None:
    error = ValueError("connection aborted")
    error.__context__ = PermissionError(errno.EPERM, "Operation not permitted")
    assert does_not_answer("unix:///e.sock", error).startswith("you may not use the Docker engine at unix:///e.sock")


@contextmanager
def answering(folder: Path, answer: bytes) -> Iterator[str]:
    """A socket on which something answers every request in the same way."""

    class Answer(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            self.request.sendall(answer)

    with socketserver.ThreadingUnixStreamServer(str(folder / "e.sock"), Answer) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield f"unix://{folder}/e.sock"
        finally:
            server.shutdown()


def reply(status: str, body: str) -> bytes:
    return f"HTTP/1.0 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def test_what_the_engine_refuses_is_told_with_its_reason(tmp_path: Path) -> None:
    with (
        answering(tmp_path, reply("500 Internal Server Error", '{"message": "no space left on device"}')) as host,
        pytest.raises(EnvironmentFailed, match="answers 500: no space left on device"),
    ):
        ask(host, "/info")


def test_an_answer_that_is_no_json_is_no_answer(tmp_path: Path) -> None:
    with (
        answering(tmp_path, reply("200 OK", "<html>")) as host,
        pytest.raises(EnvironmentFailed, match="does not answer"),
    ):
        ask(host, "/info")
