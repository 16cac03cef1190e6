"""Which services are jobs, and which of them have finished, by what the engine lists."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from drills.sandbox.compose.containers import Container
from drills.sandbox.declared.container_state import has_finished

WAITS = {"com.docker.compose.depends_on": "migrate:service_completed_successfully:false,db:service_started:true"}


def container(service: str, status: str, labels: Mapping[str, str] | None = None) -> Container:
    state = "exited" if status.startswith("Exited") else "created" if status == "Created" else "running"
    return Container(service, service, service, 1, state, status, "", labels or {}, {})


@pytest.mark.parametrize(
    ("status", "finished"),
    [
        ("Exited (0) 3 minutes ago", True),
        ("Exited (1) 3 minutes ago", False),
        ("Exited (137) 3 minutes ago", False),
        ("Created", False),
        ("Up 2 seconds", False),
    ],
)
def test_a_job_has_finished_when_it_ended_with_success(status: str, finished: bool) -> None:
    job = container("migrate", status)
    assert has_finished([job], [job, container("web", "Up 2 seconds", WAITS)]) is finished


def test_a_service_that_nobody_waits_for_to_complete_is_no_job_however_it_ended() -> None:
    stopped = container("db", "Exited (0) 3 minutes ago")
    assert not has_finished([stopped], [stopped, container("web", "Up 2 seconds", WAITS)])
    assert not has_finished([], [])
