"""How much each row weighs, what is taken off, and when a score is enough: the numbers of version 2 of the rules."""

from __future__ import annotations

DETECTED = 15.0
MITIGATED = 30.0
ACKNOWLEDGED = 10.0
SEVERITY_DECLARED = 5.0
SEVERITY_RIGHT = 5.0
COMMANDER = 5.0
FIRST_UPDATE = 5.0
CADENCE = 5.0
STATUS_PAGE = 5.0
CAUSE = 10.0
DECISION = 5.0
ALL_CLEAR = 5.0
#: All rungs together, and all timed triage steps together: shared equally among their rows.
ESCALATED = 5.0
TRIAGE = 10.0
#: The one row of a control drill; with alarms, half of it is shared by their number.
SILENCE, SILENCE_WITH_ALARMS = 100.0, 50.0

FALSE_ALARM, FALSE_ALARMS_AT_MOST = 5.0, 20.0
PREMATURE_ALL_CLEAR = 15.0
WRONG_CAUSE, WRONG_CAUSES_AT_MOST = 5.0, 10.0
WRONG_LEVEL, WRONG_LEVELS_AT_MOST = 3.0, 9.0
COMMANDER_REPAIRED = 5.0
HINT, HINTS_AT_MOST = 2.0, 6.0

#: A result is `met` from this score on.
MET_FROM = 70.0
