"""Users who come through the edge resolve names with the sandbox's name server, again for every new connection.

Runs in the subprocess only. No answer is kept: a record that changes is felt by the next connection.
"""

from __future__ import annotations

import socket
from typing import Any

#: What the sandbox's server answers for; all other names are the machine's.
DOMAIN = ".test"
SECONDS = 3.0


def ask_names_of(server: str) -> None:
    """Resolve names below `.test` at `server` (host:port) in this process, once Locust has patched the sockets."""
    host, _, port = server.rpartition(":")
    machine = socket.getaddrinfo

    def getaddrinfo(name: Any, *args: Any, **options: Any) -> Any:
        if not isinstance(name, str) or not name.endswith(DOMAIN):
            return machine(name, *args, **options)
        return machine(_address(name, host, int(port)), *args, **options)

    setattr(socket, "getaddrinfo", getaddrinfo)  # noqa: B010 (a function replaced on purpose)


def _address(name: str, host: str, port: int) -> str:
    import dns.exception
    import dns.message
    import dns.query
    import dns.rdatatype

    try:
        answer = dns.query.udp(dns.message.make_query(name, dns.rdatatype.A), host, port=port, timeout=SECONDS)
    except (dns.exception.DNSException, OSError) as error:
        raise socket.gaierror(socket.EAI_AGAIN, f"{name}: the name server does not answer") from error
    for record in answer.answer:
        for item in record:
            if item.rdtype == dns.rdatatype.A:
                return str(item.address)
    raise socket.gaierror(socket.EAI_NONAME, f"{name}: unknown to the name server")
