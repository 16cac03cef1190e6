"""Turns a bound probe into the function that runs its check, or says why it cannot run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from drills.errors import BadInput, DrillsError, one_line
from drills.probing.bind import BoundProbe
from drills.probing.engine.tripwire import tripwire_target
from drills.probing.net.resolver import Names, Resolver, names_of
from drills.probing.seen import Check, ProbeContext, Seen


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


@dataclass(frozen=True, slots=True)
class Ready:
    """`wire` is where the probe's tripwire is held, if it wants one. One that cannot check has a `reason`, one line,
    and a check that gives nothing else.
    """

    check: Check
    wire: tuple[str, int, Names] | None = None
    reason: str = ""


def make_ready(
    probe: BoundProbe, context: ProbeContext, prepare: Callable[[BoundProbe, ProbeContext], Check] = prepare
) -> Ready:
    """The probe's check; never raises for what the probe is."""
    reason = probe.unusable
    if not reason:
        try:
            check = prepare(probe, context)
            target = tripwire_target(probe)
            return Ready(check, (*target, names_of(probe.settings, context.resolver)) if target else None)
        except (DrillsError, ValueError) as error:
            reason = str(error).removeprefix(f"probe {probe.name}: ")
        except Exception as error:  # noqa: BLE001 - whatever a library says of a setting, it is this probe's alone
            reason = f"it cannot be made ready: {type(error).__name__}: {error}"
    reason = one_line(reason)

    async def say_why() -> Seen:
        return Seen(unknown=reason)

    return Ready(say_why, reason=reason)


async def unready(probes: Iterable[BoundProbe]) -> list[tuple[BoundProbe, str]]:
    """Those that cannot run, each from each of its vantages, and why. Nothing is connected to."""
    context = ProbeContext(Resolver(), time.monotonic)
    try:
        return [
            (each, ready.reason)
            for probe in probes
            for each in probe.per_vantage or (probe,)
            if (ready := make_ready(each, context)).reason
        ]
    finally:
        await context.close()
