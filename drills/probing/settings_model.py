"""What the settings of all kinds of probes have in common."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import StringConstraints

from drills.core.playbook import Model

Url = Annotated[str, StringConstraints(pattern=r"^(https?://|\$\{[a-z-]+\})\S*$")]


class SettingsModel(Model):
    """Settings of one kind of probe.

    Texts may name the sandbox's addresses: `${app}/health`. `names` are what the kind's assertions may speak of,
    `metrics` what it can supply to a playbook's thresholds.
    """

    names: ClassVar[frozenset[str]] = frozenset()
    metrics: ClassVar[frozenset[str]] = frozenset()
