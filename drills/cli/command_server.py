"""Executes commands for whoever answers a drill, in processes that have everything loaded already.

    python -m drills.cli.command_server FOLDER

A runner starts one with its drill. It loads what `respond`, `sandbox` and `history` need, and forks for each command
that a client (`drills.cli.command_client`) asks for: the same command, with the client's arguments, folder, environment
and terminal. It knows nothing of the drill and ends with the runner, also one that is killed: its standard input is a
pipe that only the runner holds open. A command that runs then goes on.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any

from drills.cli.command_client import SERVED, SOCKET, identity, peer_user
from drills.errors import DrillsError, ExitCode
from drills.private_files import private_folder

#: Longest request in bytes; an environment has at most 2 MiB on Linux.
_LONGEST = 16 * 2**20
#: What commands import only when they need it.
_LATE = (
    "drills.processes.leftovers",
    "drills.responders.typed_commands",
    "drills.sandbox.direct",
    "drills.sandbox.toxiproxy",
    "drills.store.holder",
    "dns.message",
    "psycopg",
    "redis",
)


@contextlib.contextmanager
def command_server(workspace: Path, state_dir: Path) -> Iterator[None]:
    """One for the block. It is ready after about a second; none that cannot be started is an error."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DRILLS_")}
    words = [sys.executable, "-m", "drills.cli.command_server", str(workspace), str(state_dir)]
    try:
        server = subprocess.Popen(
            words, env=kept, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except OSError:
        yield
        return
    with server:
        # What is started here ends as soon as it has forked the server.
        Thread(target=server.wait, daemon=True).start()
        yield


def main() -> None:
    """Serve until standard input ends."""
    workspace, state_dir = map(Path, sys.argv[1:])
    if os.fork():  # Detached: a search for processes spares its own ancestors, such as a practice.
        os._exit(0)
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _load(workspace)
    gc.freeze()
    with _listening(state_dir) as listener, selectors.DefaultSelector() as ready:
        ready.register(listener, selectors.EVENT_READ)
        ready.register(0, selectors.EVENT_READ)
        while True:
            chosen = [key.fileobj for key, _ in ready.select(timeout=1.0)]
            _reap()
            if 0 in chosen:
                return
            if listener in chosen:
                connection, _ = listener.accept()
                if os.fork() == 0:
                    ready.close()
                    listener.close()
                    _serve(connection)
                connection.close()


def _load(workspace: Path) -> None:
    """Import what commands need, and have the models built that they read: that is most of their time."""
    from typer.main import get_group

    from drills.app.context import at_terminal
    from drills.app.records import history
    from drills.app.respond import incident_status
    from drills.app.sandbox.acting import open_sandbox
    from drills.app.sandbox.state import without_secrets
    from drills.cli.application import app
    from drills.cli.sandbox import sandbox_app

    commands = get_group(app).commands
    for name in SERVED:
        commands[name]
    dict(get_group(sandbox_app).commands)
    for module in _LATE:
        import_module(module)
    with contextlib.suppress(DrillsError):
        context = at_terminal(workspace)
        without_secrets(open_sandbox(context, must_be_up=False), "")
        history(context, last=1)
        incident_status(context)


@contextlib.contextmanager
def _listening(state_dir: Path) -> Iterator[socket.socket]:
    """The socket; it replaces that of a server that was killed."""
    private_folder(state_dir)
    os.chdir(state_dir)  # The address of a socket has at most 107 bytes, a folder's path as many as it likes.
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        Path(SOCKET).unlink(missing_ok=True)
        listener.bind(SOCKET)
        Path(SOCKET).chmod(0o600)
        listener.listen()
        try:
            yield listener
        finally:
            Path(SOCKET).unlink(missing_ok=True)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _serve(connection: socket.socket) -> None:
    """Execute the command that the client at the other end asks for, and end this process."""
    status = int(ExitCode.NOT_VALID)
    try:
        if peer_user(connection) != os.geteuid():
            return
        request, descriptors = _received(connection)
        if request["identity"] != identity():
            return
        connection.sendall(b"pid %d\n" % os.getpid())
        if connection.recv(2) != b"go":
            return
        _become(request, descriptors)
        Thread(target=_end_with, args=(connection,), daemon=True).start()
        status = _execute()
        connection.sendall(b"exit %d\n" % status)
    finally:
        os._exit(status)


def _received(connection: socket.socket) -> tuple[Mapping[str, Any], list[int]]:
    """Raises ValueError and OSError for what no client sends."""
    head, descriptors, _, _ = socket.recv_fds(connection, 8, 3)
    length = int.from_bytes(head, "big")
    if len(descriptors) != 3 or len(head) != 8 or length > _LONGEST:
        raise ValueError("no request")
    read = bytearray()
    while len(read) < length:
        part = connection.recv(length - len(read))
        if not part:
            raise ValueError("an unfinished request")
        read += part
    return json.loads(read), descriptors


def _become(request: Mapping[str, Any], descriptors: list[int]) -> None:
    """Have the arguments, the environment, the folder and the terminal of the client."""
    os.setsid()  # All that the command starts can be killed with it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin, sys.stdout, sys.stderr = map(_stream, range(3), request["encodings"])
    sys.argv = request["argv"]
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    os.umask(request["umask"])
    os.chdir(request["folder"])


def _stream(number: int, encoding: str) -> io.TextIOWrapper:
    """A standard stream, as the interpreter makes it at its start."""
    buffering = 1 if number == 2 or os.isatty(number) else -1
    errors = "backslashreplace" if number == 2 else "strict"
    return open(number, "w" if number else "r", buffering, encoding, errors, closefd=False)


def _end_with(connection: socket.socket) -> None:
    """Kill the command and all that it has started when its client has gone."""
    with contextlib.suppress(OSError):
        while connection.recv(16):
            pass
    os.killpg(0, signal.SIGKILL)


def _execute() -> int:
    """Run the command of `sys.argv`; its exit status, after all that it has printed."""
    from drills.cli.application import run

    status: object = 0
    try:
        run()
    except SystemExit as end:
        status = end.code
        if isinstance(status, str):
            sys.stderr.write(f"{status}\n")
            status = 1
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # whoever read has gone
            stream.flush()
    return status if isinstance(status, int) else 0


if __name__ == "__main__":
    main()
