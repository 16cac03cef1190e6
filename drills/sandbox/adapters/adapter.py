"""What is known about a service because of its technology: how it is addressed, when it answers, what it holds."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from drills.errors import EnvironmentFailed

if TYPE_CHECKING:
    from drills.sandbox.capabilities.cache import Cache
    from drills.sandbox.capabilities.database import Database
    from drills.sandbox.declared.declaration import DeclaredService

#: Seconds that a service has to answer.
SECONDS = 3.0


class ServiceAdapter:
    """One class for each technology, without state; `port` is where it listens unless drills.yaml says it.

    What an adapter does not say stands as it is here: a service that takes connections answers.
    """

    port: ClassVar[int]

    def url(self, service: DeclaredService, reached_at: str) -> str:  # noqa: ARG002 - for those that have a login
        """What `${NAME}` stands for; `reached_at` is `host:port` on this machine.

        Raises EnvironmentFailed when its password is to come from a variable that is not set.
        """
        return reached_at

    def silence(self, service: DeclaredService, reached_at: str) -> str | None:  # noqa: ARG002 - as above
        """Why it does not answer, in one line, within `SECONDS`; None when it does."""
        return asked(reached_at)

    @property
    def database(self) -> Callable[[str, str], Database] | None:
        """Opens, by the service's name and URL, the database that it is, for the faults of databases; None: it is none.

        Nothing is connected before a question is asked.
        """
        return None

    @property
    def cache(self) -> Callable[[str, str], Cache] | None:
        """The same of the cache that it is, for the faults of caches."""
        return None


def asked(reached_at: str, question: bytes = b"", right: tuple[bytes, ...] = ()) -> str | None:
    """Why what listens there does not answer with one of the right beginnings; without a question, it need not."""
    host, _, port = reached_at.rpartition(":")
    host = host.strip("[]")
    try:
        with socket.create_connection((host, int(port)), timeout=SECONDS) as connection:
            if not question:
                return None
            connection.sendall(question)
            said = connection.recv(64)
    except OSError as error:
        return error.strerror or str(error) or type(error).__name__
    if said.startswith(right):
        return None
    return said.decode(errors="replace").strip() or "it closes the connection"


def login(service: DeclaredService, user: str) -> str:
    """`user:password@` of a URL, as far as there is any. Raises EnvironmentFailed for a variable that is not set."""
    name = quote(user, safe="")
    if service.password_from is None:
        return f"{name}@" if name else ""
    password = service.password()
    if password is None:
        variable = service.password_from.removeprefix("env:")
        raise EnvironmentFailed(
            f"the variable {variable} is not set, from which drills.yaml takes a service's password: not here, "
            "not in the project's .env, and not in the service's own environment"
        )
    return f"{name}:{quote(password, safe='')}@"


def url_with_database(scheme: str, service: DeclaredService, user: str, database: str, reached_at: str) -> str:
    """Of a database's server; `user` and `database` are those of the technology, where drills.yaml names none."""
    return (
        f"{scheme}://{login(service, service.user or user)}{reached_at}/{quote(service.database or database, safe='')}"
    )
