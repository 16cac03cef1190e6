"""How a Toxiproxy server is started. Apart from its client, whose library takes long to load and is seldom needed."""

from __future__ import annotations

import shutil
import sys


def toxiproxy_command(host: str, port: int) -> list[str]:
    """The real server when `toxiproxy-server` is on PATH, else the embedded one; both listen on host:port."""
    real = shutil.which("toxiproxy-server")
    if real is not None:
        return [real, "-host", host, "-port", str(port)]
    return embedded_command(host, port)


def embedded_command(host: str, port: int) -> list[str]:
    """The embedded server, whatever is on PATH."""
    return [sys.executable, "-m", "drills.sandbox.embedded_toxiproxy", "--host", host, "--port", str(port)]
