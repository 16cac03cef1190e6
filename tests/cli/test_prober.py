"""`drills prober` as a process of its own, and `drills probe` that asks it, as people use them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from drills.cli.main import main
from tests.cli.test_commands import drills
from tests.workspace.sample import FILES, write_workspace

PROBES = """\
- name: home
  http: {{url: "{target}"}}
  role: site
  assert: ["status == 200"]
  vantages:
    here: {{url: "{seen_here}"}}
    elsewhere: {{via: paris, required: false}}
"""


class _Well(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        pass


@pytest.fixture
def target() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Well) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@contextmanager
def prober(token: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and where it says that it listens."""
    command = [sys.executable, "-m", "drills", "prober", "--listen", "127.0.0.1:0", "--token-file", str(token)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        assert (line["event"], line["kinds"]) == ("listening", 10)
        yield process, line["url"]
    finally:
        process.kill()
        process.communicate()


def workspace(folder: Path, paris: str, target: str, seen_here: str) -> Path:
    config = f'playbook: ours\nprobers:\n  paris: {{url: "{paris}", token-file: paris.token}}\n'
    probes = PROBES.format(target=target, seen_here=seen_here)
    return write_workspace(folder, {**FILES, "drills.yaml": config, "probes/shop.yaml": probes})


def test_a_prober_looks_for_others_until_it_is_told_to_stop(tmp_path: Path, target: str) -> None:
    token = tmp_path / "paris.token"
    token.write_text("a-token\n")
    token.chmod(0o600)
    with prober(token) as (process, url):
        folder = workspace(tmp_path, url, target, seen_here="http://127.0.0.1:1/")
        seen = drills("probe", folder=folder)
        assert seen.returncode == 1, seen.stderr
        here, elsewhere = (line.partition("  ")[2] for line in seen.stdout.splitlines())
        assert here == "fail     home from here       connection refused"
        assert elsewhere.startswith("pass     home from elsewhere  connect ")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, err) == (0, "")
        assert json.loads(out)["event"] == "stopped"


@pytest.mark.parametrize(
    ("token", "options", "status", "line"),
    [
        (None, (), 2, "token file paris.token: there is no such file; `openssl rand -hex 32` makes one"),
        ("", (), 2, "token file paris.token: it is empty; write the token that both sides keep into it; "),
        ("two words", (), 2, "token file paris.token: a token is one word of plain letters, digits and signs; "),
        ("x", ("--listen", "paris"), 2, "--listen: 'paris' is not an address; write HOST:PORT, such as 127.0.0.1:8970"),
        ("x", ("--listen", "192.0.2.1:8970"), 3, "cannot listen at 192.0.2.1:8970: cannot assign requested address; "),
    ],
)
def test_a_prober_that_cannot_start_says_why_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    token: str | None,
    options: tuple[str, ...],
    status: int,
    line: str,
) -> None:
    if token is not None:
        (tmp_path / "paris.token").write_text(token)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["drills", "prober", "--token-file", "paris.token", *options])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    assert (ended.value.code, told.out) == (status, "")
    assert told.err.startswith(line)
    assert told.err.count("\n") == 1
