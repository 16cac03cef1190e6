"""All that a drill may change of a sandbox, as data: the sum of its capabilities' states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: The state of one capability, as JSON has it: what may be compared, and brought back.
State = Any
#: In fingerprints of version 0.1, which had the states of the included system as fields: what is not compared.
_HISTORY = ("changes", "deployed")


@dataclass(frozen=True)
class Fingerprint:
    """For comparison before and after a drill: equal means restored.

    Only what ought to be the same is in `states`: no process ids, no times, no counts of rows that users' orders move.
    `history` is what was done when, which is brought back and not compared.
    """

    states: Mapping[str, State]
    history: Mapping[str, State] = field(default_factory=dict, compare=False)

    def plan(self) -> dict[str, Any]:
        """For a journal; `of_plan` reads it."""
        return {"states": dict(self.states), "history": dict(self.history)}

    @classmethod
    def of_plan(cls, plan: Mapping[str, Any]) -> Fingerprint:
        """What `plan` made, or what version 0.1 wrote: each state as a field beside the history's."""
        if "states" in plan:
            return cls(plan["states"], plan.get("history", {}))
        history = {name: plan[name] for name in _HISTORY if plan.get(name)}
        return cls({name: state for name, state in plan.items() if name not in _HISTORY}, history)

    def mapping(self, name: str) -> Mapping[str, Any]:
        """The state of that name, where it is a mapping; empty when there is none."""
        state = self.states.get(name)
        return state if isinstance(state, Mapping) else {}

    def with_states(self, **changed: State) -> Fingerprint:
        """The same with other states of these names."""
        return Fingerprint({**self.states, **changed}, self.history)

    def differences(self, other: Fingerprint) -> tuple[str, ...]:
        """What differs, one line for each value: `settings.pool_size: 10 → 2`."""
        return differences("", self.states, other.states)


def differences(name: str, before: State, after: State) -> tuple[str, ...]:
    """What differs between two states of that name, one line for each value."""
    mine, theirs = _flat(before, name), _flat(after, name)
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
