"""What the compose sandbox needs: an engine, the compose command, images, disk space, and free ports."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drills.doctor.check import Check
from drills.doctor.images import check_images
from drills.errors import BadInput, DrillsError
from drills.sandbox.compose import engine
from drills.sandbox.compose.project import Project, listed, own
from drills.sandbox.ports import HOST, is_free
from drills.sandbox.system import PublishedPort
from drills.sandbox.systems import system_of
from drills.workspace.sandbox import compose_project
from drills.workspace.workspace import Workspace

#: What the containers of the included sandbox may use together (their limits), and their images, in bytes.
MEMORY_NEEDED = 3_000_000_000
DISK_NEEDED = 3_000_000_000
#: The first Compose that knows every word of the compose file.
COMPOSE_NEEDED = (2, 20)
#: Clocks that differ by more than this make times of logs and of drills hard to compare, in seconds.
CLOCKS_APART = 2.0
_SECONDS = 15.0


def check_engine(workspace: Workspace, *, needed: bool) -> tuple[Check, ...]:
    """`needed`: a missing engine is an error; else the local sandbox is used instead."""
    try:
        project = compose_project(workspace)
    except BadInput as error:
        return (Check("compose file", not needed, str(error), "write one, or choose `driver: local`"),)
    except DrillsError as error:
        return (_no_engine(error, needed=needed),)
    try:
        asked, info, answered = datetime.now(UTC), engine.ask(project.host, "/info"), datetime.now(UTC)
    except DrillsError as error:
        return (_no_engine(error, needed=needed),)
    config = workspace.config.sandbox
    remote = not engine.is_local(project.host) and not config.allow_remote_engine
    return (
        _engine(project.host, info, remote=remote),
        _compose(),
        check_images(project),
        _memory(info),
        _disk(info, here=engine.is_local(project.host)),
        _ports(project, () if config.services else system_of(config.system).ports),
        _clock(asked, info, answered),
    )


def _no_engine(error: DrillsError, *, needed: bool) -> Check:
    forbidden = engine.is_forbidden(error)
    if needed:
        fix = engine.ALLOW if forbidden else "start the engine"
        return Check("Docker engine", False, str(error), f"{fix}, or choose `driver: local`")
    why = f"you may not use it; to be allowed, {engine.ALLOW}" if forbidden else "none answers"
    return Check("Docker engine", True, f"{why}: drills use the local sandbox")


def _engine(host: str, info: Mapping[str, Any], *, remote: bool) -> Check:
    says = f"version {info.get('ServerVersion', '?')} at {host}"
    if remote:
        fix = "it is on another machine: use a local one, or write sandbox: {allow-remote-engine: true} in drills.yaml"
        return Check("Docker engine", False, says, fix)
    if not info.get("MemoryLimit", True):
        return Check("Docker engine", False, f"{says}, which cannot limit memory", "let it use memory control groups")
    return Check("Docker engine", True, says)


def _compose() -> Check:
    fix = "install the plugin docker-compose, version 2.20 or newer"
    command = shutil.which("docker")
    if command is None:
        return Check("Compose", False, "the command `docker` is not on PATH", "install Docker's command line")
    try:
        words = [command, "compose", "version", "--short"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return Check("Compose", False, "`docker compose version` does not answer", fix)
    said = done.stdout.strip().removeprefix("v")
    parts = said.split(".")[:2]
    if done.returncode != 0 or not all(part.isdecimal() for part in parts):
        return Check("Compose", False, "`docker compose` is not installed", fix)
    return Check("Compose", tuple(int(part) for part in parts) >= COMPOSE_NEEDED, said, fix)


def _memory(info: Mapping[str, Any]) -> Check:
    total = int(info.get("MemTotal", 0))
    return Check("engine's memory", total >= MEMORY_NEEDED, f"{total / 1e9:.1f} GB", "give the engine 3 GB or more")


def _disk(info: Mapping[str, Any], *, here: bool) -> Check:
    root = Path(str(info.get("DockerRootDir", "/")))
    if not here:
        return Check("engine's disk", True, f"{root} is on another machine and cannot be checked from here")
    try:
        free = shutil.disk_usage(root).free
    except OSError:
        return Check("engine's disk", True, f"{root} cannot be checked from here")
    fix = "free some space: `docker system df` shows what uses it"
    return Check("engine's disk", free >= DISK_NEEDED, f"{free / 1e9:.1f} GB free", fix)


def _ports(project: Project, published: Sequence[PublishedPort]) -> Check:
    """The ports of a system's compose file, unless the sandbox itself has them; `drills sandbox up` can choose others.

    Those of a compose file of one's own are not checked: Compose says which it cannot have.
    """
    try:
        if own(project, listed(project)):
            return Check("ports", True, "the sandbox's own containers have them")
    except DrillsError as error:
        return Check("project's name", False, str(error), "name this workspace's project in drills.yaml")
    if not published:
        return Check("ports", True, "those of your compose file, which `docker compose up` takes")
    taken: list[str] = []
    insisted: list[str] = []
    for each in published:
        given = os.environ.get(each.variable, "")
        port = int(given) if given.isdecimal() else each.usual
        if protocol := _taken(port, datagrams=each.datagrams):
            (insisted if given else taken).append(f"{port}/{protocol} ({each.variable})")
    if insisted:
        says = f"taken, though a variable insists on it: {', '.join(insisted)}"
        return Check("ports", False, says, "stop the program that uses it, or set that variable to another port")
    if taken:
        says = f"taken: {', '.join(taken)}; `drills sandbox up` chooses others"
        return Check("ports", True, f"{says}, for `docker compose up` name free ones by these variables")
    return Check("ports", True, "those of the compose file are free")


def _taken(port: int, *, datagrams: bool) -> str:
    """`tcp` or `udp` when somebody has the port on loopback, else empty; `datagrams`: UDP is asked too."""
    if not is_free(port):
        return "tcp"
    if not datagrams:
        return ""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.bind((HOST, port))
        except OSError:
            return "udp"
    return ""


def _clock(asked: datetime, info: Mapping[str, Any], answered: datetime) -> Check:
    """A slow answer is not a wrong clock: the engine's time must lie between question and answer."""
    try:
        theirs = datetime.fromisoformat(str(info.get("SystemTime", "")))
        apart = max((asked - theirs).total_seconds(), (theirs - answered).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return Check("engine's clock", True, "the engine does not report its time")
    return Check("engine's clock", apart <= CLOCKS_APART, f"{apart:.1f} s apart from ours", "set both clocks by NTP")
