"""Whether a service answers, asked in the way of its technology; each question ends within seconds."""

from __future__ import annotations

import socket

from drills.sandbox.adapters.mysql.connection import silence as mysql_silence
from drills.sandbox.declared.addresses import url_of
from drills.sandbox.declared.declaration import Adapter, DeclaredService
from drills.sandbox.http_answers import look

_SECONDS = 3.0
#: PostgreSQL's SSLRequest (Frontend/Backend Protocol, "SSLRequest"): answered by one byte before any login.
_SSL_REQUEST = bytes([0, 0, 0, 8, 0x04, 0xD2, 0x16, 0x2F])


def answers(service: DeclaredService, reached_at: str) -> str | None:
    """Why it does not answer at `host:port`; None when it does."""
    if service.adapter is Adapter.HTTP:
        status, said = look(url_of(service, reached_at) + (service.health or "/"), timeout=_SECONDS)
        well = status == 200 if service.health else 0 < status < 500
        return None if well else f"{service.health or '/'} answers {status}" if status else said
    if service.adapter is Adapter.POSTGRES:
        return _asked(reached_at, _SSL_REQUEST, (b"S", b"N"))
    if service.adapter is Adapter.MYSQL:
        return mysql_silence(url_of(service, reached_at), timeout=_SECONDS)
    if service.adapter is Adapter.REDIS:
        # One that wants a password first answers too; one that still loads its data says LOADING.
        return _asked(reached_at, b"PING\r\n", (b"+PONG", b"-NOAUTH"))
    return _asked(reached_at, b"", ())


def _asked(reached_at: str, question: bytes, right: tuple[bytes, ...]) -> str | None:
    host, _, port = reached_at.rpartition(":")
    host = host.strip("[]")
    try:
        with socket.create_connection((host, int(port)), timeout=_SECONDS) as connection:
            if not question:
                return None
            connection.sendall(question)
            said = connection.recv(64)
    except OSError as error:
        return error.strerror or str(error) or type(error).__name__
    if said.startswith(right):
        return None
    return said.decode(errors="replace").strip() or "it closes the connection"
