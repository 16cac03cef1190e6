"""A setting is changed, as by a hurried hand: the value is one that the shop accepts, and a wrong one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from drills.errors import EnvironmentFailed
from drills.faults.fault import Fault, FaultImpossible, UndoPlan
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.sandbox import Sandbox

#: What lies between the two halves of an address: its user and password.
_CREDENTIALS = re.compile(r"://[^/@\s]*@")


def _as_text(value: object) -> object:
    """Numbers and truths as YAML reads them, in the words of the settings."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value) if isinstance(value, (int, float)) else value


class ChangeSetting(Fault):
    """`{kind: change-setting, setting: pool_size, value: 1}`

    The value is never told when the setting is a secret; an address is told without its password.
    """

    kind: ClassVar[str] = "change-setting"
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.SETTINGS})

    setting: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
    value: Annotated[str, BeforeValidator(_as_text)]

    @property
    def name(self) -> str:
        """As the sandbox writes it."""
        return self.setting.replace("-", "_")

    def summary(self) -> str:
        return f"set {self.name}" if self.name in _secrets() else f"set {self.name} to {self._shown()}"

    def check(self, sandbox: Sandbox) -> None:
        present = sandbox.settings.values()
        if self.name not in present:
            raise FaultImpossible(f"there is no setting {self.name}; known: {', '.join(sorted(present))}")
        if present[self.name] == self.value:
            raise FaultImpossible(f"{self.name} has that value already")

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:
        return {"setting": self.name, "value": _value(sandbox, self.name)}

    def apply(self, sandbox: Sandbox) -> None:
        sandbox.settings.set({self.name: self.value})

    def verify(self, sandbox: Sandbox) -> str:
        if _value(sandbox, self.name) != self.value:
            raise FaultImpossible(f"{self.name} does not have the value that was set")
        return f"{self.name} is changed" if self.name in _secrets() else f"{self.name} is {self._shown()}"

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        sandbox.settings.set({str(plan["setting"]): str(plan["value"])})

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        if _value(sandbox, str(plan["setting"])) != plan["value"]:
            raise EnvironmentFailed(f"{plan['setting']} does not have its former value")

    def _shown(self) -> str:
        return _CREDENTIALS.sub("://…@", self.value) or "nothing"


def _value(sandbox: Sandbox, name: str) -> str:
    present: Mapping[str, str] = sandbox.settings.values()
    if name not in present:
        raise EnvironmentFailed(f"there is no setting {name}")
    return present[name]


def _secrets() -> frozenset[str]:
    """The names of the settings whose values nobody may read in a report."""
    from drills.included import included_root
    from drills.sandbox.definitions import definitions

    return frozenset(each.name for each in definitions(included_root()).settings if each.secret)
