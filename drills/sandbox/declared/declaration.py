"""What drills.yaml says of a team's own system: its services, what each is, and what drills may do to it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field

from drills.core.playbook import Model
from drills.nearest import suggest


class Adapter(StrEnum):
    """What is known about a service because of its technology: how it is addressed, and when it answers."""

    HTTP = "http"
    POSTGRES = "postgres"
    REDIS = "redis"


class Act(StrEnum):
    """What may be done to a service. What is not named cannot be broken."""

    STOP = "stop"
    KILL = "kill"
    PAUSE = "pause"
    RESTART = "restart"
    SCALE = "scale"
    RESIZE = "resize"
    EXEC = "exec"
    CUT = "cut"
    """Disturb its links, for which it is restarted."""


class Recreate(StrEnum):
    """Whether a service's containers may be made anew though that loses what they wrote outside their volumes."""

    REFUSED = "refused"
    ALLOWED = "allowed"


class DeclaredService(Model):
    """One service of the compose file."""

    adapter: Adapter | None = Field(None, description="Its technology; absent: any, known by its port alone.")
    port: int | None = Field(None, ge=1, le=65535, description="Where it listens, inside its container.")
    health: str | None = Field(None, pattern=r"^/", description="With the adapter http: the path that answers 200.")
    user: str = Field("postgres", description="With the adapter postgres: the role that probes log in as.")
    database: str = Field("postgres", description="With the adapter postgres.")
    password_from: str | None = Field(
        None, pattern=r"^env:[A-Za-z_][A-Za-z0-9_]*$", description="Where its password is: env:VARIABLE of drills' own."
    )
    may: tuple[Act, ...] = Field((), description="What drills may do to it; nothing that is not named.")
    recreate: Recreate = Field(
        Recreate.REFUSED, description="Whether what its containers wrote outside their volumes may be lost."
    )


class DeclaredLink(Model):
    """What a service asks of another at one port, and can be disturbed: its connections run through Toxiproxy then."""

    from_: str = Field(min_length=1, description="The service that calls; its `may` must name cut.")
    to: str = Field(min_length=1, description="The service that is called.")
    port: int = Field(ge=1, le=65535, description="Where that one listens, inside its container.")


def refusal(declared: Mapping[str, DeclaredService], service: str, act: str) -> str | None:
    """Why drills may not do that to the service, or to that replica of it; None when they may."""
    name = service.partition("/")[0]
    if name not in declared:
        return f"there is no service {name!r} in drills.yaml, sandbox.services; {suggest(name, declared)}"
    if act in declared[name].may:
        return None
    return f"drills.yaml: sandbox.services.{name}.may does not name {act}; add it there if drills may do that"
