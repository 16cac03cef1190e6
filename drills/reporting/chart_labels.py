"""Where the labels of milestones stand: none lies over another, and no milestone's line runs through a label."""

from __future__ import annotations

from collections.abc import Sequence


def label_rows(starts: Sequence[float], widths: Sequence[float], gap: float) -> tuple[int, ...]:
    """A row for each label, 0 the nearest to the plot; each label begins at its own line and runs to the right.

    `starts` ascend; starts, widths and gap are in one unit. A label that reaches over a later line stands above it:

        detected 5.2 s
        │ acknowledged
        │ │        mitigated
    """
    rows: list[int] = [0] * len(starts)
    for index in range(len(starts) - 1, -1, -1):
        reach = starts[index] + widths[index] + gap
        crossed = [rows[later] for later in range(index + 1, len(starts)) if starts[later] < reach]
        rows[index] = max(crossed, default=-1) + 1
    return tuple(rows)
