"""An engine that answers over HTTP, and a `docker` command, as the doctor meets them; nothing runs behind either."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

IMAGES = ("haproxy:2.6", "postgres:15", "redis:7")


class _UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


class Engine:
    """What it tells; a test changes what it likes before it asks."""

    def __init__(self, root: Path) -> None:
        self.info: dict[str, Any] = {
            "ServerVersion": "27.0.1",
            "MemoryLimit": True,
            "MemTotal": 8_000_000_000,
            "DockerRootDir": str(root),
        }
        self.time: datetime | None = None
        """Its clock; None: ours."""
        self.images: tuple[str, ...] = IMAGES
        self.containers: list[Mapping[str, Any]] = []

    def answer(self, path: str) -> Any:
        if path.startswith("/info"):
            return {**self.info, "SystemTime": f"{self.time or datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}123Z"}
        if path.startswith("/images/json"):
            return [{"RepoTags": [name]} for name in self.images] + [{"RepoTags": None}]
        if path.startswith("/containers/json"):
            return self.containers
        raise AssertionError(f"the doctor asked for {path}")

    def handler(self) -> type[BaseHTTPRequestHandler]:
        answer = self.answer

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(answer(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None: ...

        return Handler

    @contextmanager
    def on_this_machine(self, folder: Path) -> Iterator[str]:
        """Its address, DOCKER_HOST: a socket in that folder."""
        with _UnixServer(str(folder / "e.sock"), self.handler()) as server:
            yield from _serving(server, f"unix://{folder}/e.sock")

    @contextmanager
    def elsewhere(self) -> Iterator[str]:
        """Its address, DOCKER_HOST: one of a network, as another machine's."""
        with ThreadingHTTPServer(("127.0.0.1", 0), self.handler()) as server:
            yield from _serving(server, f"tcp://127.0.0.1:{server.server_address[1]}")


def _serving(server: socketserver.BaseServer, address: str) -> Iterator[str]:
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield address
    finally:
        server.shutdown()


def docker_command(folder: Path, *, compose: str | None) -> Path:
    """A folder for PATH, in which `docker` is a Compose of that version (or has none) that knows a project."""
    services = {name: {"image": name} for name in IMAGES} | {"app": {"image": "drills-shop:ours", "build": {}}}
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"services": services}), encoding="utf-8")
    version = f"echo {compose}" if compose else "echo \"docker: 'compose' is not a docker command.\" >&2; exit 1"
    command = folder / "docker"
    command.write_text(
        f'#!/bin/sh\ncase "$*" in\n*version*) {version};;\n*config*) cat "{folder}/config.json";;\n*) exit 9;;\nesac\n',
        encoding="utf-8",
    )
    command.chmod(0o755)
    return folder
