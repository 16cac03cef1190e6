"""From a bound probe to the function that looks: one file for each kind, loaded when a probe needs it."""

from __future__ import annotations

from importlib import import_module

from drills.errors import BadInput
from drills.probing.bind import BoundProbe
from drills.probing.seen import Look, Means
from drills.probing.settings import PROBE_KINDS


def prepare(probe: BoundProbe, means: Means) -> Look:
    """The look of a probe's kind; `drills/probing/kinds/KIND.py` provides `prepare(probe, means)`.

    From a vantage with `via`, a prober elsewhere is asked to look.

    Raises BadInput for an address that cannot be used.
    """
    if probe.spec.kind not in PROBE_KINDS:
        raise BadInput(f"probe {probe.name}: {probe.spec.kind!r} is not a kind of probe")
    module = f"drills.probing.kinds.{probe.spec.kind}" if probe.via is None else "drills.probing.elsewhere.asking"
    try:
        look: Look = import_module(module).prepare(probe, means)
    except ValueError as error:
        raise BadInput(f"probe {probe.name}: {error}") from None
    return look
