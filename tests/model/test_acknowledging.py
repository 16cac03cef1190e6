"""Each alert is acknowledged by itself; what older versions stored says less and means what it meant."""

from __future__ import annotations

from drills.model.acknowledging import acknowledgements, open_alerts, unacknowledged
from drills.model.events import Acknowledged, event_from_json
from tests.scoring.timelines import BEGAN, drill


def test_an_event_without_ids_acknowledged_every_alert_that_was_open() -> None:
    begun = drill().alert(5.0, key="home").alert(6.0, key="database").resolved(7.0, key="home").acknowledged(8.0)
    timeline = begun.alert(9.0, key="login").timeline()
    assert acknowledgements(timeline) == {"database-1": 8.0}
    assert [alert.key for alert in unacknowledged(timeline)] == ["home", "login"]
    assert [alert.key for alert in open_alerts(timeline)] == ["database", "login"]
    assert [alert.key for alert in open_alerts(timeline, 6.5)] == ["home", "database"]


def test_an_event_with_ids_acknowledges_these_and_the_first_time_counts() -> None:
    begun = drill().alert(5.0, key="home").alert(6.0, key="database")
    begun = begun.add(Acknowledged, 7.0, alerts=("home-1",)).add(Acknowledged, 9.0, alerts=("home-1", "database-1"))
    assert acknowledgements(begun.timeline()) == {"home-1": 7.0, "database-1": 9.0}


def test_an_event_of_an_older_version_is_read() -> None:
    stored = f'{{"kind": "acknowledged", "t": 7.0, "at": "{BEGAN.isoformat()}", "by": "responder", "seq": 3}}'
    event = event_from_json(stored)
    assert isinstance(event, Acknowledged)
    assert event.alerts == ()
