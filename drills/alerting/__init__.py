"""Alerting: which alerts fire and resolve, a pure function of observations, the playbook's thresholds and time.

    observe(rules, state, t, observation)          tick(rules, state, t)
        │ folds one check into its probe's state       │ time passes: every `for`, calm or silence that has run out
        ▼                                              ▼
    probe states ──► which conditions hold, since when ──► alerts fired, changed, resolved, suppressed

`observe` takes evidence in; what follows from the evidence of one moment is decided once that moment is over: at a
`tick` for it, or at the first call with a later `t`. So the order of observations (of different probes) with equal
times cannot matter, and whoever wants an alert without delay calls `tick` right after `observe`; it costs next to
nothing when nothing has changed. How often `tick` is called affects when something is reported, never what.
"""

from drills.alerting.alert_id import AlertId
from drills.alerting.alerting import observe, resumed, tick
from drills.alerting.judgement import measured, wavers
from drills.alerting.probe_state import ProbeState, Standing
from drills.alerting.rules import AlertRules
from drills.alerting.state import AlertState, Open
from drills.alerting.transitions import (
    AlertTransition,
    Changed,
    CheckAgain,
    Fired,
    Resolved,
    Suppressed,
    Transition,
    event_of,
)

__all__ = [
    "AlertId",
    "AlertRules",
    "AlertState",
    "AlertTransition",
    "Changed",
    "CheckAgain",
    "Fired",
    "Open",
    "ProbeState",
    "Resolved",
    "Standing",
    "Suppressed",
    "Transition",
    "event_of",
    "measured",
    "observe",
    "resumed",
    "tick",
    "wavers",
]
