"""A short check an HTTP endpoint of the sandbox, with a deadline, around any proxy of the environment."""

from __future__ import annotations

import http.client
import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit


def check(url: str, timeout: float = 3.0) -> tuple[int, str]:
    """Status and the beginning of the body; status 0 and the reason when there is no answer in time."""
    parts = urlsplit(url)
    return _ask(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout), parts.path, timeout)


def check_securely(url: str, address: str, ca: Path, timeout: float = 3.0) -> tuple[int, str]:
    """The same over TLS: connects to `address` (host:port) whatever the URL's name stands for, trusts only `ca`."""
    parts = urlsplit(url)
    try:
        context = ssl.create_default_context(cafile=str(ca))
    except OSError as error:
        return 0, f"{ca}: {error.strerror or error}"
    connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=timeout, context=context)
    host, _, port = address.rpartition(":")
    try:
        plain = socket.create_connection((host, int(port)), timeout=timeout)
    except OSError as error:
        return 0, error.strerror or str(error) or type(error).__name__
    try:
        connection.sock = context.wrap_socket(plain, server_hostname=parts.hostname)
    except OSError as error:  # ssl.SSLError is one, and so is a timeout
        plain.close()
        said = getattr(error, "verify_message", None) or error.strerror or str(error)
        return 0, f"TLS: {said}"
    return _ask(connection, parts.path, timeout)


def _ask(connection: http.client.HTTPConnection, path: str, timeout: float) -> tuple[int, str]:
    try:
        connection.request("GET", path or "/")
        response = connection.getresponse()
        return response.status, response.read(400).decode(errors="replace").strip()
    except TimeoutError:
        return 0, f"no answer within {timeout:g} s"
    except (OSError, http.client.HTTPException) as error:
        return 0, getattr(error, "strerror", None) or str(error) or type(error).__name__
    finally:
        connection.close()


def answers_well(url: str, timeout: float = 1.0) -> bool:
    return check(url, timeout)[0] == 200
