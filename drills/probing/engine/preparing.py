"""Turns a bound probe into the function that runs its check."""

from __future__ import annotations

from drills.errors import BadInput
from drills.probing.bind import BoundProbe
from drills.probing.seen import Check, ProbeContext


def prepare(probe: BoundProbe, context: ProbeContext) -> Check:
    """The check of a probe, made by its kind; from a vantage with `via`, a prober on another machine makes the check.

    Raises BadInput for an address that cannot be used.
    """
    try:
        if probe.via is not None:
            from drills.probing.remote import client  # httpx takes 60 ms, and few probes have a `via`

            return client.prepare(probe, context)
        return probe.settings.prepare(probe, context)
    except ValueError as error:
        raise BadInput(f"probe {probe.name}: {error}") from None
