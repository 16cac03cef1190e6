"""What one cause raises is one incident: alerts that overlap in time belong together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from drills.alerting.transitions import Changed, Fired, Resolved, Transition


@dataclass(frozen=True, slots=True)
class Incident:
    """Alerts that overlap in time.

    `level` is that of its most severe open alert (of its last open one when all are resolved), `worst` the most
    severe it ever had. `until` is absent while an alert of it is open.
    """

    since: float
    until: float | None
    level: str
    worst: str
    alert_ids: tuple[str, ...]


def group(
    levels: Sequence[str], told: Iterable[tuple[float, Transition]], *, linger: float = 0.0
) -> tuple[Incident, ...]:
    """The incidents of what alerting told, in the order of their beginnings.

    `levels` are the playbook's, the most severe first. An alert that fires at most `linger` seconds after the last
    one was resolved still belongs to the same incident.
    """
    rank = {level: place for place, level in enumerate(levels)}
    incidents: list[Incident] = []
    open_levels: dict[str, str] = {}
    for t, transition in sorted(told, key=lambda moment: (moment[0], isinstance(moment[1], Resolved))):
        if isinstance(transition, Fired):
            last = incidents[-1] if incidents else None
            if last is None or (last.until is not None and t > last.until + linger):
                incidents.append(Incident(t, None, transition.level, transition.level, (transition.alert_id,)))
            else:
                incidents[-1] = replace(last, until=None, alert_ids=(*last.alert_ids, transition.alert_id))
            open_levels[transition.alert_id] = transition.level
        elif isinstance(transition, Changed) and transition.alert_id in open_levels:
            open_levels[transition.alert_id] = transition.level
        elif isinstance(transition, Resolved) and transition.alert_id in open_levels:
            del open_levels[transition.alert_id]
            if not open_levels:
                incidents[-1] = replace(incidents[-1], until=t)
        else:
            continue
        if open_levels:
            level = min(open_levels.values(), key=rank.__getitem__)
            worst = min(level, incidents[-1].worst, key=rank.__getitem__)
            incidents[-1] = replace(incidents[-1], level=level, worst=worst)
    return tuple(incidents)
