"""What all link faults share: one toxic on one link, in Toxiproxy's terms."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from drills.errors import EnvironmentFailed
from drills.faults.fault import Fault, FaultImpossible, UndoPlan
from drills.faults.names import LinkName
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.links import LinkStatus, Toxic
from drills.sandbox.sandbox import Sandbox

#: The act of a link fault, as in drills.yaml's `may`.
CUT = "cut"


class ToxicFault(Fault):
    """Adds a toxic to a link. `toxicity` is the share of connections that it affects."""

    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.LINKS})
    #: Toxiproxy's name for the toxic's type, used as the toxic's own name too.
    toxic_type: ClassVar[str]

    link: LinkName
    stream: Literal["downstream", "upstream"] = Field("downstream", description="To the caller, or upstream.")
    toxicity: Annotated[float, Field(gt=0, le=1, description="The share of connections that are affected.")] = 1.0

    @property
    def affects(self) -> tuple[tuple[str, str], ...]:
        return ((self.link, CUT),)

    @abstractmethod
    def attributes(self) -> Mapping[str, int]:
        """The toxic's settings, in Toxiproxy's own units."""

    def check(self, sandbox: Sandbox) -> None:
        status = link_of(sandbox, self.link)
        if not status.enabled:
            raise FaultImpossible(f"link {self.link} is cut already")
        if _has(status, self.toxic_type):
            raise FaultImpossible(f"link {self.link} has the toxic {self.toxic_type} already")
        require_traffic(sandbox, self.link)

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:  # noqa: ARG002 - the settings suffice
        return {"link": self.link, "toxic": self.toxic_type}

    def apply(self, sandbox: Sandbox) -> None:
        toxic = Toxic(self.toxic_type, self.toxic_type, self.stream, self.toxicity, dict(self.attributes()))
        sandbox.links.add_toxic(self.link, toxic)

    def verify(self, sandbox: Sandbox) -> str:
        if not _has(link_of(sandbox, self.link), self.toxic_type):
            raise FaultImpossible(f"link {self.link} has no toxic {self.toxic_type}")
        settings = ", ".join(f"{name} {value}" for name, value in self.attributes().items())
        return f"link {self.link} has the toxic {self.toxic_type} ({settings})"

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        sandbox.links.remove_toxic(str(plan["link"]), str(plan["toxic"]))

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        if _has(link_of(sandbox, str(plan["link"])), str(plan["toxic"])):
            raise EnvironmentFailed(f"link {plan['link']} still has the toxic {plan['toxic']}")


def link_of(sandbox: Sandbox, link: str) -> LinkStatus:
    """The state of a link. Raises EnvironmentFailed when the sandbox does not have it (now)."""
    for status in sandbox.links.list():
        if status.name == link:
            return status
    raise EnvironmentFailed(f"link {link} does not exist now: its proxy does not run")


def disturbed_links(faults: Iterable[Fault]) -> tuple[str, ...]:
    """The links that these faults disturb, in their order."""
    return tuple(dict.fromkeys(name for fault in faults for name, act in fault.affects if act == CUT))


def require_traffic(sandbox: Sandbox, link: str) -> None:
    """Raises FaultImpossible for an unused link: disturbing it would have no effect."""
    if sandbox.links.used(link) is False:
        upstream = link_of(sandbox, link).upstream
        raise FaultImpossible(
            f"nobody has used link {link} in the steady state: its caller reaches {upstream} in another way "
            "(by an address, or at another port), or does not need it"
        )


def milliseconds(duration: timedelta) -> int:
    """Toxiproxy's unit of time."""
    return round(duration.total_seconds() * 1000)


def _has(status: LinkStatus, toxic: str) -> bool:
    return any(existing.name == toxic for existing in status.toxics)
