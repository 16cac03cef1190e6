"""The exit status of a process, by the result of its drill."""

from __future__ import annotations

from drills.errors import ExitCode
from drills.model.scorecard import DrillResult


def exit_code_of(result: DrillResult) -> ExitCode:
    """Met 0, missed 1, aborted 5; everything that has no score 3."""
    match result:
        case DrillResult.MET:
            return ExitCode.ALL_MET
        case DrillResult.MISSED:
            return ExitCode.LIMIT_MISSED
        case DrillResult.ABORTED:
            return ExitCode.ABORTED
        case _:
            return ExitCode.NOT_VALID
