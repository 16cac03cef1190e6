"""Changes a setting to a value that its service accepts but that is wrong, as an operator may by mistake.

Which settings are secrets is known by their names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, ValidationInfo

from drills.errors import EnvironmentFailed, NotReady
from drills.faults.fault import Fault, FaultImpossible, Owners, UndoPlan
from drills.faults.names import ServiceName
from drills.masking.secret_names import tells_secret
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.sandbox import Sandbox
from drills.sandbox.system import KnownSystem

#: User and password of an address, between its scheme and its host.
_CREDENTIALS = re.compile(r"://[^/@\s]*@")


def _as_text(value: object, info: ValidationInfo) -> object:
    """Numbers and booleans from YAML as text: `true`, `false` for variables; `on`, `off` for names in lower case."""
    if isinstance(value, bool):
        words = ("off", "on") if str(info.data.get("setting", "")).islower() else ("false", "true")
        return words[value]
    return str(value) if isinstance(value, (int, float)) else value


class ChangeSetting(Fault):
    """`{kind: change-setting, setting: pool_size, value: 1}`, or `{…, service: web, setting: POOL_SIZE, value: null}`

    The value is never shown when the setting is a secret; an address is shown without its password.
    """

    kind: ClassVar[str] = "change-setting"
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.SETTINGS})

    service: ServiceName | None = Field(None, description="The service that has the setting, if several do.")
    setting: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$")]
    value: Annotated[
        str | None, BeforeValidator(_as_text), Field(description="The new value; null unsets the variable.")
    ]

    @property
    def name(self) -> str:
        """As the sandbox writes it."""
        plain = self.setting.replace("-", "_")
        return plain if self.service is None else f"{self.service}.{plain}"

    def affected(self, system: Owners) -> tuple[tuple[str, str], ...]:
        if self.service is not None:
            return ((self.service, "set"),)
        return tuple((service, "set") for service in system.setting_services(self.name))

    def refused(self, sandbox: Sandbox) -> str | None:
        having = sandbox.setting_services(self.name) if self.service is None else ()
        if len(having) > 1:
            return f"{self.name} is a setting of {' and '.join(having)}; write service: {having[0]}"
        return None

    def misfit(self, system: KnownSystem) -> tuple[str, str, str] | None:
        why = system.setting_refusal(self.setting, self.value)
        return None if why is None else ("value", why, "write a value that the setting accepts")

    def summary(self) -> str:
        if self.value is None:
            return f"unset {self.name}"
        return f"set {self.name}" if self._is_secret else f"set {self.name} to {self._shown()}"

    def check(self, sandbox: Sandbox) -> None:
        if _current(sandbox, self._in(sandbox)) == self.value:
            raise FaultImpossible(f"{self.name} has that value already")

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:
        name = self._in(sandbox)
        return {"setting": name, "value": _current(sandbox, name)}

    def apply(self, sandbox: Sandbox) -> None:
        with suppress(NotReady):  # The value is set, and its consequences are the purpose of the drill.
            sandbox.settings.set({self._in(sandbox): self.value})

    def verify(self, sandbox: Sandbox) -> str:
        if _current(sandbox, self._in(sandbox)) != self.value:
            raise FaultImpossible(f"{self.name} does not have the value that was set")
        return f"{self.name} is changed" if self._is_secret else f"{self.name} is {self._shown()}"

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        value = plan["value"]
        with suppress(NotReady):  # The others may have to be undone first.
            sandbox.settings.set({str(plan["setting"]): None if value is None else str(value)})

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        if _current(sandbox, str(plan["setting"])) != plan["value"]:
            raise EnvironmentFailed(f"{plan['setting']} does not have its former value")

    def _in(self, sandbox: Sandbox) -> str:
        """By its whole name there. Raises FaultImpossible when there is no such setting."""
        present = sandbox.settings.values()
        found = [name for name in present if self.name in (name, name.partition(".")[2])]
        if len(found) != 1:
            raise FaultImpossible(f"there is no setting {self.name}; known: {', '.join(sorted(present))}")
        return found[0]

    @property
    def _is_secret(self) -> bool:
        return tells_secret(self.setting)

    def _shown(self) -> str:
        return "not set" if self.value is None else _CREDENTIALS.sub("://…@", self.value) or "nothing"


def _current(sandbox: Sandbox, name: str) -> str | None:
    present: Mapping[str, str | None] = sandbox.settings.values()
    if name not in present:
        raise EnvironmentFailed(f"there is no setting {name}")
    return present[name]
