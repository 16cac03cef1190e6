"""Where the Docker engine is, and one question asked of it without its library, which is slow to load.

The engine is the one that `docker` itself would use: DOCKER_HOST, else the context of DOCKER_CONTEXT or of Docker's own
configuration, else the usual socket.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from drills.errors import BadInput, EnvironmentFailed

USUAL_SOCKET = "unix:///var/run/docker.sock"
#: What mends that one may not use the engine.
ALLOW = "join its group (docker) and log in again, or run the engine rootless"
_LOCAL = ("unix://", "npipe://")


def engine_host(environment: Mapping[str, str] = os.environ) -> str:
    """The engine's address, such as `unix:///var/run/docker.sock`. Raises EnvironmentFailed for an unknown context."""
    if host := environment.get("DOCKER_HOST"):
        return host
    folder = Path(environment.get("DOCKER_CONFIG") or Path(environment.get("HOME", "/root")) / ".docker")
    context = environment.get("DOCKER_CONTEXT") or _current_context(folder)
    if context in ("", "default"):
        return USUAL_SOCKET
    about = folder / "contexts" / "meta" / hashlib.sha256(context.encode()).hexdigest() / "meta.json"
    try:
        return str(json.loads(about.read_text(encoding="utf-8"))["Endpoints"]["docker"]["Host"])
    except (OSError, ValueError, KeyError, TypeError):
        raise EnvironmentFailed(
            f"Docker's context {context!r} cannot be read; `docker context ls` shows them"
        ) from None


def is_local(host: str) -> bool:
    """Whether the engine is one of this machine: reached by a socket in its file system."""
    return host.startswith(_LOCAL)


def refuse_remote(host: str, *, allowed: bool) -> None:
    """Raises BadInput for an engine of another machine, unless the workspace allows it."""
    if not allowed and not is_local(host):
        raise BadInput(
            f"the Docker engine at {host} is not on this machine, and drills break things; "
            "unset DOCKER_HOST, or say in drills.yaml: sandbox: {allow-remote-engine: true}"
        )


def containers(host: str, project: str, *, timeout: float = 5.0) -> list[dict[str, Any]]:
    """The engine's own description of every container with that compose project's label, running or not.

    Takes a few milliseconds. Raises EnvironmentFailed when the engine does not answer.
    """
    filters = json.dumps({"label": [f"com.docker.compose.project={project}"]})
    answer = ask(host, f"/containers/json?all=true&filters={quote(filters)}", timeout=timeout)
    return [dict(each) for each in answer]


def ask(host: str, path: str, *, timeout: float = 5.0) -> Any:
    """A GET of the engine's API, as JSON. Raises EnvironmentFailed when it does not answer well."""
    connection = _connection(host, timeout)
    try:
        connection.request("GET", path, headers={"Host": "docker"})
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise EnvironmentFailed(f"the Docker engine at {host} answers {response.status}: {_message(body)}")
        return json.loads(body)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise EnvironmentFailed(does_not_answer(host, error)) from error
    finally:
        connection.close()


def does_not_answer(host: str, error: BaseException) -> str:
    """One line about an engine that is down, or that this user may not use."""
    if is_forbidden(error):
        return f"you may not use the Docker engine at {host}: {ALLOW}, then `drills doctor` checks again"
    return f"the Docker engine at {host} does not answer: {_reason(error)}; start it, then `drills doctor` checks again"


def _reason(error: BaseException) -> str:
    """What the machine said: libraries wrap that in errors whose texts name classes and pools."""
    each: BaseException | None = error
    while each is not None:
        if isinstance(each, TimeoutError):
            return "no answer in time"
        if said := getattr(each, "strerror", None):
            return str(said)
        each = each.__cause__ or each.__context__
    return str(error) or type(error).__name__


def is_forbidden(error: BaseException | None) -> bool:
    """Whether an error, or what it came of, is that this user may not use the engine's socket (EACCES, EPERM)."""
    while error is not None and not isinstance(error, PermissionError):
        error = error.__cause__ or error.__context__
    return error is not None


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("docker", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _connection(host: str, timeout: float) -> http.client.HTTPConnection:
    if host.startswith("unix://"):
        return _SocketConnection(host.removeprefix("unix://"), timeout)
    if host.startswith(("tcp://", "http://")):
        return http.client.HTTPConnection(host.split("://", 1)[1].rstrip("/"), timeout=timeout)
    raise EnvironmentFailed(f"an engine at {host} cannot be used; write DOCKER_HOST as unix:///path or tcp://HOST:PORT")


def _current_context(folder: Path) -> str:
    try:
        return str(json.loads((folder / "config.json").read_text(encoding="utf-8")).get("currentContext", ""))
    except (OSError, ValueError, AttributeError):
        return ""


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace").strip()[:200]
