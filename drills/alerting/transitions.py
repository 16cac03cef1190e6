"""The transitions of an alert, and the timeline's event for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from drills.alerting.alert_id import AlertId
from drills.model.events import AlertChanged, AlertFired, AlertResolved, AlertSuppressed


@dataclass(frozen=True, slots=True)
class Fired:
    """A new alert. `probe` observed it, and so did the probes in `besides`."""

    alert_id: AlertId
    level: str
    title: str
    reason: str
    probe: str | None = None
    besides: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What it is about."""
        return self.alert_id.key


@dataclass(frozen=True, slots=True)
class Changed:
    """An open alert's level rose or fell (or stayed, when it is only said that the alert flaps)."""

    alert_id: AlertId
    level: str
    reason: str


@dataclass(frozen=True, slots=True)
class Resolved:
    alert_id: AlertId
    reason: str


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Would have fired, but a probe that it depends on, `because`, is already down. Reported once."""

    key: str
    because: str


@dataclass(frozen=True, slots=True)
class CheckAgain:
    """Not an alert: the prober is asked to run the probe at once instead of at the next interval."""

    probe: str


AlertTransition = Fired | Changed | Resolved | Suppressed
Transition = AlertTransition | CheckAgain


def event_of(
    transition: AlertTransition, t: float, at: datetime
) -> AlertFired | AlertChanged | AlertResolved | AlertSuppressed:
    """The timeline's event of a transition at `t`."""
    match transition:
        case Fired(alert_id, level, title, reason, probe, besides):
            return AlertFired(
                t=t,
                at=at,
                alert_id=str(alert_id),
                key=alert_id.key,
                level=level,
                title=title,
                reason=reason,
                probe=probe,
                besides=besides,
            )
        case Changed(alert_id, level, reason):
            return AlertChanged(t=t, at=at, alert_id=str(alert_id), level=level, reason=reason)
        case Resolved(alert_id, reason):
            return AlertResolved(t=t, at=at, alert_id=str(alert_id), reason=reason)
        case Suppressed(key, because):
            return AlertSuppressed(t=t, at=at, key=key, because=because)
