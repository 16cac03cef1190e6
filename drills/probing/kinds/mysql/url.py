"""The URL of a MySQL or MariaDB server: what a probe takes of it.

    mysql://user:password@host:3306/database?ssl-mode=VERIFY_IDENTITY

The modes are those of MySQL's own clients. No file and no environment is read: the password stands in the URL.
https://dev.mysql.com/doc/refman/8.4/en/connection-options.html#option_general_ssl-mode
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from drills.probing.net.server_url import ServerUrl

EXAMPLE = "mysql://user:password@host:3306/database"
_PORT = 3306
_SCHEMES = ("mysql", "mariadb")


class TlsMode(StrEnum):
    """What is asked of the connection. Only the last two check the certificate."""

    DISABLED = "DISABLED"
    PREFERRED = "PREFERRED"
    REQUIRED = "REQUIRED"
    VERIFY_CA = "VERIFY_CA"
    VERIFY_IDENTITY = "VERIFY_IDENTITY"

    @property
    def verifies(self) -> bool:
        return self in (TlsMode.VERIFY_CA, TlsMode.VERIFY_IDENTITY)


@dataclass(frozen=True, slots=True)
class MysqlAddress:
    """`database` may be empty: none is used then."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    mode: TlsMode

    @classmethod
    def read(cls, url: str, ca: str | None = None) -> MysqlAddress:
        """Raises ValueError, in one line that repeats nothing of the URL."""
        read = ServerUrl.read(url, EXAMPLE)
        if read.scheme not in _SCHEMES:
            raise ValueError(f"is not the URL of a MySQL server; write {EXAMPLE}")
        for name in read.parameters.keys() - {"ssl-mode"}:
            if name in ("ssl-ca", "ssl_ca"):
                raise ValueError(f"has {name}; write the file as the setting 'ca' instead")
            raise ValueError("has an unsupported parameter; leave out all but ssl-mode")
        if not read.host:
            raise ValueError(f"names no host; write {EXAMPLE}")
        if not read.user:
            raise ValueError(f"names no user; write {EXAMPLE}")
        return cls(read.host, read.port or _PORT, read.user, read.password, read.path, _mode(read, ca))


def _mode(read: ServerUrl, ca: str | None) -> TlsMode:
    written = read.parameters.get("ssl-mode")
    if written is None:
        return TlsMode.VERIFY_IDENTITY if ca else TlsMode.PREFERRED
    if written.upper() not in TlsMode.__members__:
        raise ValueError(f"has an unknown ssl-mode; write one of {', '.join(TlsMode)}")
    mode = TlsMode(written.upper())
    if ca and not mode.verifies:
        raise ValueError(f"has ssl-mode={mode}, with which 'ca' is not checked; write VERIFY_IDENTITY")
    return mode
