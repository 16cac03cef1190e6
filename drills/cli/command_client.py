"""Has a command executed by the command server of the drill that runs here (`drills.cli.command_server`).

Nothing but the standard library is loaded, and little of that: this runs before every command. Where no server answers
the command runs in this process, as it would without one: a server makes a command quicker and changes nothing else.

    client                                       server, in a process forked for this command
    the request, and descriptors 0, 1 and 2  →
                                             ←   `pid 4711`, or the end of the connection: it takes no such request
    `go`                                     →   the command begins
    the end of the connection                →   it is killed, as if it ran in the client
                                             ←   `exit 0`
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import sys
from collections.abc import Sequence
from typing import BinaryIO

import drills

#: The commands that a person or a runbook gives in an incident. None of them conducts a drill.
SERVED = frozenset({"respond", "sandbox", "history", "probe", "heartbeat"})
#: In the folder `.drills` of the workspace, which only its owner may enter.
SOCKET = "commands.sock"
#: Seconds that a server has to take a request. It forks at once; a machine under load takes longer.
_PATIENCE = 5.0
#: The exit status of a command that was killed, as shells have it for SIGKILL.
_KILLED = 137


def identity() -> list[str]:
    """What a server and its client must have in common: the same code in the same interpreter."""
    path = os.environ.get("PYTHONPATH", "")
    return [sys.version, sys.prefix, drills.__file__, drills.__version__, path, sys.getfilesystemencoding()]


def ask(argv: Sequence[str]) -> int | None:
    """The exit status of the command, or None when nobody has begun it."""
    if len(argv) < 2 or argv[1] not in SERVED or not hasattr(socket, "SO_PEERCRED"):
        return None
    try:
        folder = _state_folder()
        if folder is None:
            return None
        with connect(folder) as connection, connection.makefile("rb") as answers:
            if peer_user(connection) != os.geteuid():
                return None
            connection.settimeout(_PATIENCE)
            request = _request(argv)
            socket.send_fds(connection, [len(request).to_bytes(8, "big")], [0, 1, 2])
            connection.sendall(request)
            word, _, pid = answers.readline().partition(b" ")
            if word != b"pid":
                return None
            connection.settimeout(None)
            return _wait(connection, answers, int(pid))
    except (OSError, ValueError):
        return None
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def connect(folder: str) -> socket.socket:
    """A connection to the server of this state folder. Raises OSError when there is none."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # The address of a socket has at most 107 bytes, a folder's path as many as it likes.
        descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            connection.connect(f"/proc/self/fd/{descriptor}/{SOCKET}")
        finally:
            os.close(descriptor)
    except BaseException:
        connection.close()
        raise
    return connection


def peer_user(connection: socket.socket) -> int:
    """The user id of the process at the other end."""
    peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", peer)[1])


def _state_folder() -> str | None:
    """Where a server may be: in the nearest `.drills` above the workspace that is meant.

    Any server can execute any command, so that it is enough to find the right one most of the time.
    """
    folder = os.path.realpath(os.environ.get("DRILLS_WORKSPACE") or os.getcwd())  # noqa: PTH109 - pathlib takes 10 ms
    while not os.path.lexists(f"{folder}/.drills/{SOCKET}"):
        if folder == os.path.dirname(folder):  # noqa: PTH120
            return None
        folder = os.path.dirname(folder)  # noqa: PTH120
    return f"{folder}/.drills"


def _request(argv: Sequence[str]) -> bytes:
    umask = os.umask(0o077)
    os.umask(umask)
    return json.dumps(
        {
            "identity": identity(),
            "argv": list(argv),
            "folder": os.getcwd(),  # noqa: PTH109
            "environment": dict(os.environ),
            "umask": umask,
            "encodings": [stream.encoding for stream in (sys.stdin, sys.stdout, sys.stderr)],
        }
    ).encode("ascii")


def _wait(connection: socket.socket, answers: BinaryIO, pid: int) -> int:
    """Let it begin; the exit status that it has. Ctrl-C goes to the command, whose terminal is not this one's."""
    connection.sendall(b"go")
    while True:
        try:
            word, _, status = answers.readline().partition(b" ")
            return int(status) if word == b"exit" else _KILLED
        except KeyboardInterrupt:
            os.kill(pid, signal.SIGINT)
        except (OSError, ValueError):
            return _KILLED
