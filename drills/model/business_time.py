"""When a limit is due: after a duration, or at the end of a business day of the playbook's calendar."""

from __future__ import annotations

from collections.abc import Container
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from drills.model.playbook import BusinessTime, Limit, Weekday


def due(limit: Limit, began: datetime, hours: BusinessTime | None) -> datetime | None:
    """The moment at which a limit that began to run at `began` (aware) is over; None where it gives no number.

    A duration is counted by the clock. A limit in business days is over at closing time of the Nth business day that
    opens after `began`, in the calendar's time zone: from Friday 16:00, from Saturday, or from Monday before opening
    time, one business day ends on Monday at closing time.

    Raises ValueError for business days without `hours`, and as `is_business_day` does.
    """
    if limit.within is not None:
        return began + limit.within
    if limit.business_days is None:
        return None
    if hours is None:
        raise ValueError("a limit in business days needs the playbook's business-time")
    zone = ZoneInfo(hours.time_zone)
    local = began.astimezone(zone)
    day = local.date() if local.time() >= hours.opens else local.date() - timedelta(days=1)
    for _ in range(limit.business_days):
        day += timedelta(days=1)
        while not is_business_day(day, hours):
            day += timedelta(days=1)
    return datetime.combine(day, hours.closes, zone)


def due_seconds(limit: Limit, began: datetime, hours: BusinessTime | None) -> float | None:
    """The same as seconds from `began`, across changes of the clock."""
    moment = due(limit, began, hours)
    return None if moment is None else moment.timestamp() - began.timestamp()


def is_business_day(day: date, hours: BusinessTime) -> bool:
    """Whether that date is worked on. Raises ValueError for a country or region whose holidays are not known."""
    if tuple(Weekday)[day.weekday()] not in hours.days:
        return False
    return hours.country is None or day not in _holidays(hours.country, hours.region)


@lru_cache(maxsize=64)
def _holidays(country: str, region: str | None) -> Container[date]:
    import holidays  # 0.1 s, and only where a playbook names a country

    try:
        return holidays.country_holidays(country, subdiv=region)
    except NotImplementedError:
        where = country if region is None else f"{country}, region {region}"
        raise ValueError(f"the holidays of {where} are not known; write ISO 3166 codes, such as DE and BY") from None
