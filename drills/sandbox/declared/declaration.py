"""What drills.yaml says of a team's own system: its services, what each is, and what drills may do to it."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from enum import StrEnum
from typing import Any, Self

from pydantic import Field, PrivateAttr, field_validator

from drills.errors import BadInput
from drills.model.playbook import Model
from drills.nearest import suggest
from drills.sandbox.adapters.registry import ADAPTERS, caches_among, databases_among


class Adapter(StrEnum):
    """What is known about a service because of its technology: how it is addressed, and when it answers."""

    HTTP = "http"
    POSTGRES = "postgres"
    MYSQL = "mysql"
    """MySQL and MariaDB."""
    REDIS = "redis"
    """Redis and Valkey."""


class Act(StrEnum):
    """What may be done to a service. What is not named cannot be broken."""

    STOP = "stop"
    KILL = "kill"
    PAUSE = "pause"
    RESTART = "restart"
    SCALE = "scale"
    RESIZE = "resize"
    DEPLOY = "deploy"
    SET = "set"
    STRESS = "stress"
    EXEC = "exec"
    CUT = "cut"
    """Disturb its links, for which it is restarted."""
    SQL = "sql"
    """Faults of databases: locks, connections, statements, indexes, rows, passwords."""
    FILL = "fill"


class Recreate(StrEnum):
    """Whether a service's containers may be recreated though that loses what they wrote outside their volumes."""

    REFUSED = "refused"
    ALLOWED = "allowed"


class DeclaredService(Model):
    """One service of the compose file."""

    adapter: Adapter | str | None = Field(None, description="Its technology; absent: any, known by its port alone.")
    port: int | None = Field(None, ge=1, le=65535, description="Where it listens, inside its container.")
    health: str | None = Field(None, pattern=r"^/", description="With the adapter http: the path that answers 200.")
    user: str | None = Field(
        None, description="With postgres or mysql: whom probes and faults log in as; absent: postgres, or root."
    )
    database: str | None = Field(
        None, description="With postgres or mysql: absent: the server's own, postgres or mysql."
    )
    password_from: str | None = Field(
        None,
        pattern=r"^env:[A-Za-z_][A-Za-z0-9_]*$",
        description="Where its password is: env:VARIABLE, which is set for drills, in .env or for the service.",
    )
    may: tuple[Act, ...] = Field((), description="What drills may do to it; nothing that is not named.")
    recreate: Recreate = Field(
        Recreate.REFUSED, description="Whether what its containers wrote outside their volumes may be lost."
    )
    disk: str | None = Field(
        None, pattern=r"^/", description="A folder in its container on a disk of limited size, which drills may fill."
    )

    #: Where its password's variable is checked for.
    _variables: Mapping[str, str] = PrivateAttr(default_factory=lambda: os.environ)

    def checking_in(self, variables: Mapping[str, str]) -> Self:
        """The same service, whose password's variable is looked for there."""
        copy = self.model_copy()
        copy._variables = variables
        return copy

    def password(self) -> str | None:
        """None when it has none, or the variable is not set."""
        return None if self.password_from is None else self._variables.get(self.password_from.removeprefix("env:"))

    @field_validator("adapter", mode="before")
    @classmethod
    def _is_known(cls, adapter: Any) -> Any:
        if adapter is None or adapter in tuple(Adapter):
            return adapter and Adapter(adapter)
        if adapter not in ADAPTERS:
            raise ValueError(f"{adapter!r} is not an adapter; {ADAPTERS.why_not(str(adapter))}")
        return adapter


class DeclaredLink(Model):
    """What a service asks of another at one port, and can be disturbed: its connections run through Toxiproxy then."""

    from_: str = Field(min_length=1, description="The service that calls; its `may` must name cut.")
    to: str = Field(min_length=1, description="The service that is called.")
    port: int = Field(ge=1, le=65535, description="Where that one listens, inside its container.")


#: Which technologies an act is about, when a scenario names no service.
_ABOUT: Mapping[str, Callable[[Iterable[str | None]], tuple[str, ...]]] = {
    Act.SQL: databases_among,
    Act.FILL: caches_among,
}


def adapters_for(act: str, declared: Mapping[str, DeclaredService]) -> tuple[str, ...]:
    """The technologies that an act is about, among those that there are and those that are declared."""
    return _ABOUT[act](each.adapter for each in declared.values())


def of_adapters(declared: Mapping[str, DeclaredService], adapters: Collection[str], service: str | None) -> str:
    """The service of that name, or the only one, that has one of the adapters. Raises BadInput with the right ones."""
    fit = [name for name, each in declared.items() if each.adapter in adapters]
    wanted = " or ".join(sorted(adapters))
    if not fit:
        raise BadInput(f"drills.yaml: sandbox.services names none with adapter: {wanted}")
    if service and service in declared and service not in fit:
        raise BadInput(f"{service} does not have the adapter {wanted}; {', '.join(fit)} has it")
    if service and service not in fit:
        raise BadInput(f"there is no service {service!r} in drills.yaml, sandbox.services; {suggest(service, fit)}")
    if not service and len(fit) > 1:
        raise BadInput(f"there are {len(fit)} with the adapter {wanted}; say which: service: {fit[0]}, or {fit[1]}")
    return service or fit[0]


def refusal(declared: Mapping[str, DeclaredService], service: str, act: str) -> str | None:
    """Why drills may not do that to the service, or to that replica of it; None when they may."""
    name = service.partition("/")[0]
    if act == Act.SQL or (not name and act in _ABOUT):
        try:
            name = of_adapters(declared, adapters_for(act, declared), name)
        except BadInput as error:
            return str(error)
    if name not in declared:
        return f"there is no service {name!r} in drills.yaml, sandbox.services; {suggest(name, declared)}"
    if act in declared[name].may:
        return None
    return f"drills.yaml: sandbox.services.{name}.may does not name {act}; add it there if drills may do that"
