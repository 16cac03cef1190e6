"""What a sandbox knows as secret: keys, passwords and tokens it was given or has among its settings, now and before."""

from __future__ import annotations

from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.sandbox import Sandbox


class KnownSecrets:
    """Asked again and again during a drill, it remembers what was secret before somebody changed it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._values = set(sandbox.secrets)

    @property
    def names(self) -> frozenset[str]:
        """The settings whose values are secret."""
        has_settings = Capability.SETTINGS in self._sandbox.capabilities
        return self._sandbox.settings.secret if has_settings else frozenset()

    def __call__(self) -> tuple[str, ...]:
        """All values until now; the settings are read from the sandbox's own files, also while it is down."""
        present = self._sandbox.settings.values() if self.names else {}
        self._values |= {value for name in self.names if (value := present.get(name))}
        return tuple(self._values)
