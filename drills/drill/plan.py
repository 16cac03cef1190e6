"""The plan of a drill, decided before anything is started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from drills.model.events import ResponderKind
from drills.model.on_call import OnCall
from drills.model.playbook import Playbook
from drills.model.probe import ProbeSpec
from drills.model.scenario import Scenario
from drills.probing.remote.config import KnownProber
from drills.responders.runbook_file import Block


@dataclass(frozen=True, slots=True)
class DrillPlan:
    """One drill. `runbook` names the scenario whose runbook responds, `blocks` are its steps, optional ones too.

    `probers` are the remote ones that vantages may name. Without `locustfile` users repeat the scenario's journeys;
    `entrance` is the address that Locust's users ask.
    """

    scenario: Scenario
    playbook: Playbook
    probes: Sequence[ProbeSpec]
    locustfile: Path | None
    responder: ResponderKind
    runbook: str | None = None
    #: SHA-256 of the runbook's text, by which the history knows whether this very text was run.
    runbook_digest: str = ""
    blocks: Sequence[Block] = ()
    resumed_from: str | None = None
    blind: bool = False
    on_call: OnCall = field(default_factory=OnCall)
    entrance: str = ""
    on_copy: bool = False
    """Whether a throw-away copy of the compose project is drilled, brought up before and removed afterwards."""
    remedies: Sequence[str] = ()
    """Patterns of the commands that repair: the scenario's, and those of its own runbook, whoever responds."""
    probers: Mapping[str, KnownProber] = field(default_factory=dict)
    #: How long to wait for the steady state beyond the time that it must hold.
    steady_patience: timedelta = timedelta(seconds=45)
    #: A drill that no user has noticed after this long will not be noticed any more.
    impact_patience: timedelta = timedelta(seconds=45)
    #: How long a fault waits for a store that cannot take its undo, and a drill that has ended for one that is not
    #: written: longer than somebody else's backup or restart of it takes.
    store_patience: timedelta = timedelta(seconds=75)
