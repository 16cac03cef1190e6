"""The numbers by which users' suffering and recovery are measured; `RULES` says them in words for the report."""

from __future__ import annotations

#: Length in seconds of the trailing window in which users are judged.
WINDOW = 5
#: A route is bad with at least this many suffering requests in the window …
MIN_SUFFERING = 2
#: … if they are more than this share of its requests.
MAX_SHARE = 0.05
#: Users count as well only under at least this share of the load that was offered before.
MIN_LOAD = 0.90
#: A route of the baseline that should have had this many requests while settling must have answered one well.
MIN_EXPECTED = 5
#: Seconds without a report of the traffic after which a drill cannot be judged.
MAX_GAP = 3.0
#: Seconds that the generator may be behind its own plan while the app answers well …
MAX_LAG = 1.0
#: … for this many seconds in a row.
LAG_SECONDS = 3
#: A route is degraded when its share of fallback answers is this much over the baseline's.
DEGRADED_EXCESS = 0.10
#: Seconds after the last suffering request in which a repair may begin and still be what helped: the requests of a
#: quiet route are some time apart, so the last one that suffered lies a little before the repair.
CREDIT_GRACE = 1.0

RULES: tuple[str, ...] = (
    f"Users suffer while, in the last {WINDOW} s, a route has at least {MIN_SUFFERING} failed, slow, missed or overdue "
    f"requests and these are more than {MAX_SHARE:.0%} of its requests.",
    f"Users are well again when that has ended, with at least {MIN_LOAD:.0%} of the load from before the fault offered "
    "and answered, and every route answering, without a break for the scenario's settle time.",
    "The moment of mitigation is the time of the last suffering request before that.",
    f"A recovery with more than {DEGRADED_EXCESS:.0%} extra fallback answers on a route is a degraded one.",
    "A recovery before which the responder changed nothing is nobody's merit.",
    f"A drill in which the traffic's reports stop for over {MAX_GAP:.0f} s, or whose generator is over {MAX_LAG:.0f} s "
    f"behind for {LAG_SECONDS} s while the app answers well, is not valid.",
)
