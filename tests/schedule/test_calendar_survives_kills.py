"""The calendar under SIGKILL: nothing is lost, nothing is doubled."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drills.store.occurrence_log import OccurrenceLog, OccurrenceState
from drills.store.store import Store
from tests.schedule.schedules import fork_keeper, once, writes_a_line

pytestmark = pytest.mark.slow

DUE_TIMES = 10
APART = timedelta(seconds=0.7)
#: Two kills for each due time: 20 in all.
EARLY, LATE = (-0.1, 0.1), (0.1, 0.5)


def test_each_occurrence_takes_place_once_though_the_service_is_killed_at_twenty_moments(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'drills.db'}"
    log = OccurrenceLog(Store.open(url))
    first = datetime.now(UTC) + timedelta(seconds=1.5)
    moments = [first + number * APART for number in range(DUE_TIMES)]
    schedule = [once(moment, f"drill-{number}") for number, moment in enumerate(moments)]
    file = tmp_path / "took-place.txt"
    random_ = random.Random(20261121)

    def live_until(moment: datetime) -> None:
        pid = fork_keeper(url, tmp_path, schedule, writes_a_line(file))
        time.sleep(max(0.05, (moment - datetime.now(UTC)).total_seconds()))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    for moment in moments:
        for span in (EARLY, LATE):
            live_until(moment + timedelta(seconds=random_.uniform(*span)))

    pid = fork_keeper(url, tmp_path, schedule, writes_a_line(file))
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if (
            len([due for due in log.all() if due.state in (OccurrenceState.ENDED, OccurrenceState.SKIPPED)])
            == DUE_TIMES
        ):
            break
        time.sleep(0.1)
    os.kill(pid, signal.SIGTERM)
    assert os.waitpid(pid, 0)[1] == 0, "told to stop, it ends well"

    assert not (tmp_path / "keeper-failed.txt").exists(), (tmp_path / "keeper-failed.txt").read_text()
    assert [(due.planned, due.state, due.exit_status, due.reason) for due in log.all()] == [
        (moment, OccurrenceState.ENDED, 0, "") for moment in moments
    ]
    assert Counter(file.read_text().split("\n")[:-1]) == {
        f"{due.drill} {due.entry} {due.planned.isoformat()}": 1 for due in log.all()
    }
