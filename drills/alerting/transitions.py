"""What alerting says when something changes, and the timeline's event for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from drills.model.events import AlertChanged, AlertFired, AlertResolved, AlertSuppressed


@dataclass(frozen=True, slots=True)
class Fired:
    """A new alert. `alert_id` is the key and a running number; `probe` is who saw it, `besides` who saw the same."""

    alert_id: str
    key: str
    level: str
    title: str
    reason: str
    probe: str | None = None
    besides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Changed:
    """An open alert's level rose or fell (or stayed, when it is only said that the alert flaps)."""

    alert_id: str
    level: str
    reason: str


@dataclass(frozen=True, slots=True)
class Resolved:
    alert_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Would have fired, but `because`, a probe that it depends on, is already down. Said once."""

    key: str
    because: str


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Not an alert: the prober is asked to look at once instead of at the next interval."""

    probe: str


Transition = Fired | Changed | Resolved | Suppressed | LookAgain


def event_of(
    transition: Transition, t: float, at: datetime
) -> AlertFired | AlertChanged | AlertResolved | AlertSuppressed | None:
    """The timeline's event of a transition at `t`; none for LookAgain, which is the prober's affair."""
    match transition:
        case Fired(alert_id, key, level, title, reason, probe, besides):
            return AlertFired(
                t=t,
                at=at,
                alert_id=alert_id,
                key=key,
                level=level,
                title=title,
                reason=reason,
                probe=probe,
                besides=besides,
            )
        case Changed(alert_id, level, reason):
            return AlertChanged(t=t, at=at, alert_id=alert_id, level=level, reason=reason)
        case Resolved(alert_id, reason):
            return AlertResolved(t=t, at=at, alert_id=alert_id, reason=reason)
        case Suppressed(key, because):
            return AlertSuppressed(t=t, at=at, key=key, because=because)
        case LookAgain():
            return None
