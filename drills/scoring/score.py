"""The score of a drill, by the version of the rules that it began with, or by another one.

Each version of the rules is a package of its own, and stays: a stored drill can be scored again as it was. What
versions share is here beside them: whether a drill is valid, how points become a score and a
grade, and what a drill is compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drills.model.scorecard import Scorecard
from drills.model.timeline import Timeline
from drills.scoring.version_1 import score as version_1
from drills.scoring.version_2 import score as version_2

#: Version of the rules by which new drills are scored; every scorecard names its own.
RULES_VERSION = 2

_SCORE: Mapping[int, Callable[..., Scorecard]] = {1: version_1.score, 2: version_2.score}
#: The versions of the rules that a drill can be scored by, the oldest first.
RULES_VERSIONS = tuple(_SCORE)


def score(timeline: Timeline, *, corrections: bool = True, rules: int | None = None) -> Scorecard:
    """Everything that is said about this drill, by these rules (by its own, where none are named).

    Also for a drill that still runs: then without a score. With `corrections`, what a facilitator put right counts as
    corrected, and `original_score` is the score without. Raises LookupError when the timeline does not begin with
    DrillStarted, or these rules are not among `RULES_VERSIONS`.
    """
    version = timeline.start.rules_version if rules is None else rules
    if version not in _SCORE:
        known = " and ".join(str(each) for each in RULES_VERSIONS)
        raise LookupError(f"version {version} of the rules is not known; this version of drills has {known}")
    return _SCORE[version](timeline, corrections=corrections)
