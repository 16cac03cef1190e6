"""The scenario and the probes as stored with a drill: what scoring and reports need, without secrets.

A drill's first event is kept for good and goes into its reports. Headers, bodies and addresses of probes, and the
values that a fault sets, may hold passwords and tokens; each is replaced by a mark.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from drills.masking.masking import MASK, mask
from drills.masking.secret_names import tells_secret
from drills.model.probe import ProbeSpec
from drills.model.scenario import Scenario

#: Keys whose value is the name of what stands under `value`: `{kind: change-setting, name: identity_key, value: …}`.
_NAMING = ("name", "setting", "header", "key")
_HEADERS = frozenset(("cookie", "set-cookie", "authorization", "proxy-authorization", "x-api-key"))


def kept_scenario(scenario: Scenario, names: Collection[str] = ()) -> Scenario:
    """`names` are the settings of the sandbox whose values are secret."""
    timeline = tuple(
        injection.model_copy(
            update={
                "fault": injection.fault.model_copy(
                    update={"settings": without_secrets(injection.fault.settings, names)}
                )
            }
        )
        for injection in scenario.timeline
    )
    return scenario.model_copy(update={"timeline": timeline})


def kept_probes(probes: Sequence[ProbeSpec], names: Collection[str] = ()) -> tuple[ProbeSpec, ...]:
    """Each with its settings, and those of its vantages, without secrets."""
    return tuple(
        probe.model_copy(
            update={
                "settings": without_secrets(probe.settings, names),
                "vantages": {
                    name: vantage.model_copy(update={"settings": without_secrets(vantage.settings, names)})
                    for name, vantage in probe.vantages.items()
                },
            }
        )
        for probe in probes
    )


def without_secrets(value: Any, names: Collection[str] = ()) -> Any:
    """JSON with the same shape: what stands under a telling key is a mark, and texts are masked."""
    if isinstance(value, dict):
        named = {str(value[key]) for key in _NAMING if isinstance(value.get(key), str)}
        return {
            key: MASK
            if _is_secret(item)
            and (_tells(key, names) or (key == "value" and any(_tells(each, names) for each in named)))
            else without_secrets(item, names)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [without_secrets(item, names) for item in value]
    return mask(value, names=names) if isinstance(value, str) else value


def _tells(name: str, names: Collection[str]) -> bool:
    return tells_secret(name) or name.lower() in _HEADERS or name.replace("-", "_") in names


def _is_secret(item: Any) -> bool:
    """A single value, and not a switch or nothing."""
    return isinstance(item, str | int | float) and not isinstance(item, bool) and item != ""
