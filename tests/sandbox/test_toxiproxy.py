"""The client when its server is not well, and how a server is started."""

from __future__ import annotations

import socket
import stat
import sys
from pathlib import Path

import pytest

from drills.errors import BadInput, EnvironmentFailed
from drills.sandbox.toxiproxy import Toxiproxy
from drills.sandbox.toxiproxy_command import toxiproxy_command


def test_a_server_that_is_not_there_is_told_in_one_line() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        client = Toxiproxy(f"http://127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(EnvironmentFailed, match="does not answer") as raised:
            client.links()
    assert "\n" not in str(raised.value)


def test_a_server_that_accepts_and_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = Toxiproxy(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.1)
        with pytest.raises(EnvironmentFailed, match="does not answer"):
            client.links()


def test_an_address_without_a_port_is_refused() -> None:
    with pytest.raises(BadInput, match="write it as http"):
        Toxiproxy("127.0.0.1")


def test_a_proxy_of_the_environment_does_not_come_between(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        silent.settimeout(5)
        with pytest.raises(EnvironmentFailed):
            Toxiproxy(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.1).links()
        silent.accept()[0].close()  # it was asked directly; raises TimeoutError if it was not


def test_the_real_server_is_preferred_and_the_embedded_one_stands_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    embedded = toxiproxy_command("127.0.0.1", 1234)
    assert embedded[:3] == [sys.executable, "-m", "drills.sandbox.embedded_toxiproxy"]
    real = tmp_path / "toxiproxy-server"
    real.write_text("#!/bin/sh\n")
    real.chmod(real.stat().st_mode | stat.S_IXUSR)
    assert toxiproxy_command("127.0.0.1", 1234) == [str(real), "-host", "127.0.0.1", "-port", "1234"]
