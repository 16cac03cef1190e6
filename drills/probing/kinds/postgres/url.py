"""The URL of a PostgreSQL server: what of libpq's parameters a probe takes, and what it refuses.

libpq also reads passwords, keys and whole sets of parameters from files and from the environment of the process. A
probe's URL may come from another machine, so whoever writes one must not reach what is stored here: every secret that
is sent stands in the URL, and the only file is the settings' `ca`.
"""

from __future__ import annotations

import os
import pwd

from drills.probing.net.server_url import ServerUrl

EXAMPLE = "postgresql://user@host:5432/database"
_PORT = 5432
#: Modes in which libpq checks the certificate; the others encrypt at most.
VERIFYING = ("verify-ca", "verify-full")
_MODES = ("disable", "allow", "prefer", "require", *VERIFYING)
_TAKEN = frozenset(
    {
        "host",
        "port",
        "user",
        "password",
        "dbname",
        "sslmode",
        "sslnegotiation",
        "channel_binding",
        "options",
        "application_name",
        "target_session_attrs",
    }
)
#: Taken, and without effect: a probe has a timeout of its own, and never uses Kerberos.
_WITHOUT_EFFECT = frozenset({"connect_timeout", "gssencmode"})
#: Parameters of libpq that name files, services and addresses beside the host; they can be named in a message.
_REFUSED = frozenset(
    {
        *("hostaddr", "service", "servicefile", "passfile", "sslcert", "sslkey", "sslpassword", "sslrootcert"),
        *("sslcrl", "sslcrldir", "sslkeylogfile", "sslcertmode", "requirepeer", "krbsrvname", "gsslib"),
        *("gssdelegation", "replication", "scram_client_key", "scram_server_key", "load_balance_hosts"),
    }
)


def postgres_parameters(url: str, ca: str | None = None) -> dict[str, str]:
    """libpq's parameters for a URL, `host` and `port` among them; a host that begins with '/' is a socket's folder.

    Raises ValueError, in one line that repeats nothing of the URL.
    """
    read = ServerUrl.read(url, EXAMPLE)
    if read.scheme not in ("postgresql", "postgres"):
        raise ValueError(f"is not the URL of a PostgreSQL server; write {EXAMPLE}")
    for name in read.parameters:
        _check_name(name)
    written = {name: value for name, value in read.parameters.items() if name not in _WITHOUT_EFFECT}
    parts = {"host": read.host, "user": read.user, "password": read.password, "dbname": read.path}
    found = {"port": str(read.port or _PORT)} | {name: value for name, value in parts.items() if value} | written
    if not found.get("host"):
        raise ValueError(f"names no host; write {EXAMPLE}")
    if "," in found["host"] or "," in found["port"]:
        raise ValueError("names several hosts, and a probe watches one; write a probe for each")
    if not (found["port"].isascii() and found["port"].isdigit()):
        raise ValueError(f"has a port that is not a number; write {EXAMPLE}")
    if not found.get("user"):
        found["user"] = _own_name()
    _set_mode(found, ca)
    return found


def _own_name() -> str:
    """Who runs this process, as whom psql would connect; a container's user need not have a name."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise ValueError(f"names no user; write {EXAMPLE}") from None


def _check_name(name: str) -> None:
    if name in _TAKEN or name in _WITHOUT_EFFECT:
        return
    if name == "sslrootcert":
        raise ValueError("has sslrootcert; write the file as the setting 'ca' instead")
    if name in _REFUSED:
        raise ValueError(f"has {name}, and a probe reads no stored secrets; leave it out")
    raise ValueError(f"has an unsupported parameter; supported are {', '.join(sorted(_TAKEN))}")


def _set_mode(found: dict[str, str], ca: str | None) -> None:
    mode = found.setdefault("sslmode", "verify-full" if ca else "prefer")
    if mode not in _MODES:
        raise ValueError(f"has an unknown sslmode; write one of {', '.join(_MODES)}")
    if ca and mode not in VERIFYING:
        raise ValueError(f"has sslmode={mode}, with which 'ca' is not checked; write verify-full, or leave one out")
