"""The URL of a Redis server: what a probe takes of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from drills.probing.net.server_url import ServerUrl

EXAMPLE = "redis://user:password@host:6379/0"
_PORT = 6379
_SCHEMES = ("redis", "rediss", "unix")


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """`socket` is the path of a Unix socket, empty for a host and port; `tls`: whether to speak TLS."""

    host: str
    port: int
    socket: str
    tls: bool
    user: str
    password: str = field(repr=False)
    database: int

    @classmethod
    def read(cls, url: str) -> RedisAddress:
        """Raises ValueError, in one line that repeats nothing of the URL."""
        read = ServerUrl.read(url, EXAMPLE)
        if read.scheme not in _SCHEMES:
            raise ValueError(f"is not the URL of a Redis server; write {EXAMPLE}")
        for name in read.parameters.keys() - {"db"}:
            if name == "ssl_ca_certs":
                raise ValueError("has ssl_ca_certs; write the file as the setting 'ca' instead")
            if name in ("ssl_cert_reqs", "ssl_check_hostname"):
                raise ValueError(f"has {name}; write the setting 'verify: false' instead")
            raise ValueError("has an unsupported parameter; leave out all but db")
        socket = f"/{read.path}" if read.scheme == "unix" else ""
        database = read.parameters.get("db") or ("" if socket else read.path.strip("/")) or "0"
        if not (database.isascii() and database.isdigit()):
            raise ValueError(f"has a database that is not a number; write {EXAMPLE}")
        if not read.host and not socket:
            raise ValueError(f"names no host; write {EXAMPLE}")
        return cls(
            host=read.host,
            port=read.port or _PORT,
            socket=socket,
            tls=read.scheme == "rediss",
            user=read.user,
            password=read.password,
            database=int(database),
        )
