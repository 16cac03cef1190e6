"""Whether a service answers on its published port; that a connection is accepted says nothing: the engine does that."""

from __future__ import annotations

import contextlib
import socket
import ssl

from drills.errors import DrillsError
from drills.included_shop.names import Service
from drills.sandbox import direct
from drills.sandbox.adapters.adapter import asked
from drills.sandbox.http_answers import answers_well
from drills.sandbox.ports import HOST

#: A question for `shop.test A`: id 1, recursion desired, one question.
_QUESTION = b"\0\1\1\0\0\1\0\0\0\0\0\0\4shop\4test\0\0\1\0\1"


def answers(service: str, port: int) -> bool:
    """In a few seconds at most. The edge counts as answering when it speaks TLS, whether or not the app answers."""
    if service == Service.DATABASE:
        with contextlib.suppress(DrillsError):
            return bool(direct.query(f"postgresql://postgres@{HOST}:{port}/shop", "SELECT 1", timeout=2)[1])
        return False
    if service == Service.CACHE:
        return asked(f"{HOST}:{port}", b"PING\r\n", (b"+PONG",)) is None
    if service == Service.DNS:
        return _knows_names(port)
    if service == Service.EDGE:
        return _speaks_tls(port)
    return answers_well(f"http://{HOST}:{port}{'/version' if service == Service.TOXIPROXY else '/health'}")


def _knows_names(port: int) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.5)
        asking.sendto(_QUESTION, (HOST, port))
        return asking.recv(512).startswith(_QUESTION[:2])
    return False


def _speaks_tls(port: int) -> bool:
    unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    with (
        contextlib.suppress(OSError),
        socket.create_connection((HOST, port), timeout=1) as connection,
        unchecked.wrap_socket(connection, server_hostname="shop.test"),
    ):
        return True
    return False
