"""PyMySQL over a connection that is open already, so that its time, its bytes and its password are bounded.

PyMySQL blocks: whoever uses this does so in a thread, and ends it by breaking the connection under its hands.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pymysql
from pymysql.constants import CR
from pymysql.cursors import DictCursor

from drills.probing.kinds.mysql.url import MysqlAddress, TlsMode

#: Rows of an answer, and bytes of all that the server sends.
MOST_ROWS = 10_000
_MOST_BYTES = 4_194_304
#: Ways to log in that hand the server the password itself.
_IN_CLEAR = ("mysql_clear_password", "dialog")

Rows = list[dict[str, Any]]


class TooMuch(Exception):
    """The server sends more than a probe reads; the message is one line."""


class Handshake:
    """What PyMySQL shakes hands by: the probe's own context; `made` is called afterwards."""

    def __init__(self, context: ssl.SSLContext, begun: Callable[[], None], made: Callable[[], None]) -> None:
        self._context = context
        self._begun = begun
        self._made = made

    def wrap_socket(self, sock: Any, server_hostname: str) -> ssl.SSLSocket:
        self._begun()
        wrapped = self._context.wrap_socket(sock, server_hostname=server_hostname)
        self._made()
        return wrapped


class BoundedConnection(pymysql.connections.Connection):  # type: ignore[type-arg,unused-ignore]
    """Takes its TLS context as it is, and reads a limited number of bytes.

    It overrides methods that PyMySQL calls by itself, which offers no other way to bound what a server sends.
    """

    def __init__(self, address: MysqlAddress, host: str, handshake: Handshake, greeted: Callable[[], None]) -> None:
        self._handshake = handshake
        self._greeted = greeted
        self._left = _MOST_BYTES
        super().__init__(
            host=host,
            port=address.port,
            user=address.user,
            password=address.password.encode(),
            database=address.database or None,
            charset="utf8mb4",
            autocommit=True,
            defer_connect=True,
            program_name="drills-probe",
            ssl_disabled=address.mode is TlsMode.DISABLED,
            ssl=None if address.mode in (TlsMode.DISABLED, TlsMode.PREFERRED) else {"required": True},
            auth_plugin_map=dict.fromkeys(_IN_CLEAR, _InClear if address.mode.verifies else _NotInClear),
        )

    def _create_ssl_ctx(self, _parameters: Any) -> Handshake:
        return self._handshake

    def _read_bytes(self, num_bytes: int) -> bytes:
        self._left -= num_bytes
        if self._left < 0:
            self._force_close()  # type: ignore[attr-defined]
            raise TooMuch(f"the server sends more than {_MOST_BYTES} bytes, the most that a probe reads")
        return super()._read_bytes(num_bytes)  # type: ignore[misc,no-any-return,unused-ignore]

    def _request_authentication(self) -> None:
        self._greeted()
        super()._request_authentication()  # type: ignore[misc,unused-ignore]

    def rows(self, query: str) -> Rows:
        """The rows of a query. Raises TooMuch, and PyMySQL's errors."""
        with self.cursor(DictCursor) as cursor:
            cursor.execute(query)
            found = cursor.fetchall()
        if len(found) > MOST_ROWS:
            raise TooMuch(f"the query gives more than {MOST_ROWS} rows, the most that a probe reads")
        return [{name: _plain(value) for name, value in row.items()} for row in found]


def _plain(value: Any) -> Any:
    """A value that conditions can compare."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return value


class _InClear:
    """Hands over the password; the connection goes to a server whose certificate was checked."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def authenticate(self, _packet: Any) -> Any:
        self._connection.write_packet(self._connection.password + b"\0")
        return self._connection._read_packet()


class _NotInClear:
    """Hands nothing over: whoever answers at the address would learn the password."""

    def __init__(self, _connection: Any) -> None:
        pass

    def authenticate(self, _packet: Any) -> Any:
        why = "the server asks for the password in clear text; a probe sends it with ssl-mode=VERIFY_IDENTITY only"
        raise pymysql.err.OperationalError(CR.CR_AUTH_PLUGIN_ERR, why)
