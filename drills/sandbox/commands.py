"""Commands that belong to a sandbox: on this machine, in the workspace's folder, or in a container of a service.

    on this machine   under a supervisor (`drills.processes.supervised`) that ends all that a command has started
    in a container    by the engine, below a shell that does the same (`drills.sandbox.compose.container_commands`)

What a command with `keep` has left in the background goes on until `end` is called with its mark.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from drills.errors import DrillsError, EnvironmentFailed
from drills.masking.masking import secrets_of
from drills.processes.command import Command
from drills.processes.mark import DRILL, MARK, RUNBOOK_STEP, SANDBOX_MARK, WORKSPACE, new_mark
from drills.processes.supervised import SCRIPT, CommandEnd, run_supervised

#: What would make a process count as a part of a drill, or as a program of another fault.
_NOT_HANDED_ON = frozenset({DRILL, MARK, SANDBOX_MARK})


class Inside(Protocol):
    """Commands in containers. A service is named, or one replica of it: `web/2`.

    Raises EnvironmentFailed, in one line, when the container is not there or does not run.
    """

    def replica(self, service: str) -> str:
        """The replica that is meant by a service's name: its first one that runs."""
        ...

    def shell_lacking(self, service: str) -> str | None:
        """Why no command can be run in its containers; None when one can, and while none of them runs."""
        ...

    def run(self, service: str, command: Command, *, mark: str, keep: bool) -> CommandEnd: ...

    def end(self, service: str, mark: str) -> None:
        """End all that bears the mark there. A container that does not run has nothing of it."""
        ...


class Commands:
    """`folder` is the workspace's; `addresses` are asked for at each command on this machine.

    `inside` is absent where the services are no containers; `project` is the name of their compose project.
    """

    def __init__(
        self,
        folder: Path,
        addresses: Callable[[], Mapping[str, str]],
        inside: Callable[[], Inside] | None = None,
        *,
        project: str = "",
    ) -> None:
        self._folder = folder
        self._project = project
        self._addresses = addresses
        self._inside = inside

    @property
    def in_containers(self) -> bool:
        """Whether commands can be run in containers of services."""
        return self._inside is not None

    def replica(self, service: str | None) -> str | None:
        """Where a command for that service runs: on this machine (None), or in which replica."""
        return None if service is None else self._containers(service).replica(service)

    def shell_lacking(self, service: str) -> str | None:
        """Why no command can be run in that service's containers; None when one can, and while none of them runs."""
        return no_containers(service) if self._inside is None else self._inside().shell_lacking(service)

    def run(
        self, command: Command, *, where: str | None = None, mark: str | None = None, keep: bool = False
    ) -> CommandEnd:
        """Run it on this machine, or in that service's container; blocks at most for its limit and some seconds.

        `mark` is in the environment of all that it starts. Raises EnvironmentFailed for a container that is not there.
        """
        mark = mark or new_mark()
        if where is not None:
            return self._containers(where).run(where, command, mark=mark, keep=keep)
        words, script = (command.run, None) if isinstance(command.run, tuple) else (("sh", "-eu", SCRIPT), command.run)
        environment = {**self._environment(), **command.environment, MARK: mark}
        end = asyncio.run(
            run_supervised(
                words,
                self._folder,
                environment,
                command.limit,
                spared=SANDBOX_MARK,
                # A program of it shall not find its script open.
                script=None if script is None else f"exec 3<&-; {script}\n",
                keep=keep,
            )
        )
        return CommandEnd(end.status, end.output.replace(f"{SCRIPT}: ", "sh: "), end.timed_out, end.why)

    def end(self, mark: str, where: str | None = None) -> None:
        """End all that bears this mark. Raises EnvironmentFailed when something of it does not end."""
        from drills.processes.leftovers import end_marked, marked

        end_marked(mark)
        if where is not None:
            self._containers(where).end(where, mark)
        if left := marked(mark):
            raise EnvironmentFailed(f"process {left[0].pid}, which the fault has started, does not end")

    def secrets(self) -> tuple[str, ...]:
        """What is secret in the environment of a command on this machine."""
        return secrets_of(self._environment())

    def _containers(self, service: str) -> Inside:
        if self._inside is None:
            raise EnvironmentFailed(no_containers(service))
        return self._inside()

    def _environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        own = {name: value for name, value in os.environ.items() if name not in _NOT_HANDED_ON}
        # With the last, what `drills sandbox …` does in there is not recorded as an action of the responder.
        own |= {"PATH": path, "NO_COLOR": "1", WORKSPACE: str(self._folder), RUNBOOK_STEP: "command"}
        if self._project:
            own["DRILLS_PROJECT"] = self._project
        return {**self._variables(), **own}

    def _variables(self) -> dict[str, str]:
        try:
            return variables(self._addresses())
        except DrillsError:
            # An undo may be what brings the engine back that is asked here. A script that needs one of them says so.
            return {}


def no_containers(service: str) -> str:
    """Why nothing can be run in a container where services are processes."""
    return f"{service} is not a container here; leave `in` out: commands then run on this machine"


def variables(addresses: Mapping[str, str]) -> dict[str, str]:
    """The sandbox's addresses as a shell names them: `${external_api}` for `external-api`."""
    return {re.sub(r"\W", "_", name, flags=re.ASCII): value for name, value in addresses.items()}
