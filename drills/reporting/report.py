"""Writes the reports of a drill: index.html, report.md, report.json."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

from drills.errors import EnvironmentFailed
from drills.file_replacement import replace_file
from drills.model.scorecard import Scorecard
from drills.model.timeline import Timeline
from drills.reporting.content import content
from drills.reporting.html import html
from drills.reporting.json_report import json_report
from drills.reporting.markdown import markdown

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "the folder is not writable",
    errno.EPERM: "the folder is not writable",
    errno.ENOTDIR: "a file is in the way of the folder",
    errno.EEXIST: "a file is in the way of the folder",
}


def write_report(folder: Path, timeline: Timeline, scorecard: Scorecard) -> Path:
    """Write the three formats into `folder` (made if need be) and return the page's path.

    The same timeline and scorecard give the same bytes. Files are never half written: each is written under another
    name and then renamed. Raises EnvironmentFailed, in one line, when the folder cannot be written.
    """
    report = content(timeline, scorecard)
    files = {"report.json": json_report(report), "report.md": markdown(report), "index.html": html(report)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            replace_file(folder / name, text, mode=0o644, durable=True)
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
        raise EnvironmentFailed(
            f"cannot write the report of {scorecard.drill_id} to {folder}: {reason}; "
            f"the drill is stored: make room and run `drills report {scorecard.drill_id}`"
        ) from None
    return folder / "index.html"


def reports_into(folder: Path) -> Callable[[Timeline, Scorecard], Path]:
    """Writes reports, each into the folder of its drill below `folder`; raises as `write_report` does."""
    return lambda timeline, scorecard: write_report(folder / scorecard.drill_id, timeline, scorecard)
