"""All that a drill may change of a sandbox, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Fingerprint:
    """All that a drill may change, for comparison before and after: equal means mended.

    Only what ought to be the same is in it: no process ids, no times, no counts of rows that users' orders move.
    """

    services: Mapping[str, str]
    replicas: int
    release: str
    settings: Mapping[str, str]
    links: Mapping[str, Any]
    database: Mapping[str, Any]
    files: Mapping[str, str]
    cache: Mapping[str, str] = field(default_factory=dict)
    certificate: str = ""
    """`valid`, or `expired` when it has ended or soon will."""
    resources: Mapping[str, str] = field(default_factory=dict)
    """Limits of services that are no settings."""
    changes: int = field(default=0, compare=False)
    """How many changes had been noted: those of a drill are forgotten when it is undone."""
    deployed: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """What was deployed when: what a drill has deployed and rolled back is forgotten when it is undone."""

    def differences(self, other: Fingerprint) -> tuple[str, ...]:
        """What differs, one line for each field: `settings.pool_size: 10 → 2`."""
        mine, theirs = (
            _flat({each.name: getattr(state, each.name) for each in fields(Fingerprint) if each.compare})
            for state in (self, other)
        )
        return tuple(
            f"{key}: {mine.get(key, 'absent')} → {theirs.get(key, 'absent')}"
            for key in sorted(mine.keys() | theirs.keys())
            if mine.get(key) != theirs.get(key)
        )


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(value, Mapping):
        flat: dict[str, Any] = {}
        for key, item in value.items():
            flat |= _flat(item, f"{prefix}.{key}" if prefix else str(key))
        return flat
    return {prefix: value}
