"""Commands in the containers of a project, by the engine's exec API: bounded, and nothing of them stays behind.

The engine ends no process when whoever asked for it goes away. So each command runs below a small shell script
(`in_container.sh`), whose input stays open for as long as we wait; when that ends, because we gave up or were killed,
the script ends all that bears the mark of this command.
"""

from __future__ import annotations

import contextlib
import re
import select
import socket
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from drills.errors import EnvironmentFailed
from drills.processes.command import Command
from drills.processes.mark import MARK, new_mark
from drills.processes.supervised import LARGEST_OUTPUT, CommandEnd
from drills.sandbox.capabilities.services import Running
from drills.sandbox.compose.containers import Container, Containers

#: Seconds that the script has to end all of a command: twenty tenths in good order, then by force.
_ENDING_SECONDS = 15.0
_POLL_SECONDS = 0.05
#: How shells begin a message about a line of `in_container.sh`, below which a command runs.
_OWN_LINES = re.compile(r"^sh: (?:(?:line )?\d+: |eval: )+", re.MULTILINE)
#: Exit statuses with which a runtime says that a program cannot be started.
_NOT_STARTED = (126, 127)


class ContainerCommands:
    """See `drills.sandbox.commands.Inside`."""

    def __init__(self, containers: Containers) -> None:
        self._containers = containers

    def replica(self, service: str) -> str:
        container = self._chosen(service)
        return f"{container.service}/{container.number}"

    def shell_lacking(self, service: str) -> str | None:
        try:
            return self.run(service, Command("exit 0", _ENDING_SECONDS), mark=new_mark(), keep=False).why or None
        except EnvironmentFailed:
            return None  # It does not run, or the engine is away: whoever needs it says so.

    def run(self, service: str, command: Command, *, mark: str, keep: bool) -> CommandEnd:
        words, script = (command.run, "") if isinstance(command.run, tuple) else ((), command.run)
        token = new_mark()
        container = self._chosen(service)
        asked = ["sh", "-c", _script(), "sh", token, "keep" if keep else "end", *words]
        environment = {**command.environment, MARK: mark}
        with self._started(container, asked, environment) as (started, stream):
            end = stream.converse(f"{script}\n{token}\n".encode(errors="replace"), command.limit)
            status = self._status(started)
        if end.timed_out:
            return end
        if status in _NOT_STARTED and "OCI runtime exec failed" in end.output[:80]:
            return CommandEnd(None, why=f"{container.service} has no `sh`, which commands in a container need")
        return CommandEnd(status, _OWN_LINES.sub("sh: ", end.output))

    def end(self, service: str, mark: str) -> None:
        name = service.partition("/")[0]
        for container in self._containers.list():
            if container.service == name and container.running is Running.UP:
                asked = ["sh", "-c", _script(), "sh", "", "sweep"]
                with self._started(container, asked, {MARK: mark}) as (started, stream):
                    stream.converse(b"", _ENDING_SECONDS)
                    if self._status(started) == 1:
                        raise EnvironmentFailed(f"a program that the fault has started in {service} does not end")

    def _chosen(self, service: str) -> Container:
        """The container of that replica, or of the first that runs where a service is named, or that one is gone."""
        name, _, number = service.partition("/")
        own = [each for each in self._containers.list() if each.service == name]
        if not own:
            raise EnvironmentFailed(f"{name} has no container; bring the service up, or name another one")
        named = [each for each in own if str(each.number) == number]
        for container in named or own:
            if container.running is Running.UP:
                return container
        raise EnvironmentFailed(f"{service} is {(named or own)[0].running}: no command can be run in it")

    @contextlib.contextmanager
    def _started(
        self, container: Container, asked: list[str], environment: dict[str, str]
    ) -> Iterator[tuple[str, _Stream]]:
        with self._containers.api() as api:
            made = api.exec_create(container.id, asked, stdin=True, environment=environment)
            held = api.exec_start(made["Id"], socket=True)
        stream = _Stream(held)
        try:
            yield made["Id"], stream
        finally:
            stream.close()

    def _status(self, started: str) -> int | None:
        """Its exit status, once it has ended. Raises EnvironmentFailed when it does not."""
        deadline = time.monotonic() + _ENDING_SECONDS
        while True:
            with self._containers.api() as api:
                about = api.exec_inspect(started)
            if not about["Running"]:
                return None if about["ExitCode"] is None else int(about["ExitCode"])
            if time.monotonic() > deadline:
                raise EnvironmentFailed("a command in a container does not end, even when killed")
            time.sleep(_POLL_SECONDS)


class _Stream:
    """The connection to a program in a container: its input, and both its outputs in frames of the engine.

    Source of the format: Docker Engine API, `POST /containers/{id}/attach`, "Stream format".
    """

    def __init__(self, held: Any) -> None:
        self._held = held
        self._socket: socket.socket = getattr(held, "_sock", held)

    def converse(self, said: bytes, limit: float) -> CommandEnd:
        """Say this, and read until the other side has ended; it is cut off after `limit` seconds."""
        deadline = time.monotonic() + limit
        output, waiting, frame = bytearray(), bytearray(), 0
        timed_out = False
        self._socket.setblocking(False)
        while True:
            left = deadline - time.monotonic()
            ready = select.select([self._socket], [self._socket] if said else [], [], max(left, 0))
            if left <= 0 or not any(ready):
                timed_out = True
                self.close()
                break
            try:
                if ready[1]:
                    said = said[self._socket.send(said) :]
                chunk = self._socket.recv(65536) if ready[0] else None
            except (BlockingIOError, InterruptedError):
                continue
            except OSError:
                break
            if chunk == b"":
                break
            waiting += chunk or b""
            frame = _unpack(waiting, output, frame)
        return CommandEnd(None, output.decode(errors="replace"), timed_out)

    def close(self) -> None:
        """The other side finds its input ended, whatever else holds the connection."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._held.close()


def _unpack(waiting: bytearray, output: bytearray, frame: int) -> int:
    """Move what frames hold from one to the other; returns how much of the present frame is yet to come."""
    while waiting:
        if frame == 0:
            if len(waiting) < 8:
                break
            frame = int.from_bytes(waiting[4:8], "big")
            del waiting[:8]
        taken = waiting[:frame]
        output += taken
        frame -= len(taken)
        del waiting[: len(taken)]
        if len(output) > LARGEST_OUTPUT:
            output[LARGEST_OUTPUT // 4 : -LARGEST_OUTPUT // 4] = b"\n...\n"
    return frame


@cache
def _script() -> str:
    """Without its comments: it stands in lists of processes."""
    text = Path(__file__).with_name("in_container.sh").read_text(encoding="utf-8")
    return re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE)
