"""`python -m drills.background`: one program of a fault, whose job (`drills.background.job.Job`) is its standard input.

Its arguments and environment, which a responder may see in a list of processes, do not reveal its purpose. It returns
when the work has begun (exit 0) or cannot be done (exit 1, one line); a child in the background goes on.
"""

from __future__ import annotations

import sys

from drills.background import pages, sessions
from drills.background.detach import detach
from drills.background.job import Job, PageJob, read_job


def main() -> int:
    """Begin the job in a child process; wait until it says that it has begun."""
    job: Job = read_job(sys.stdin.read())
    if isinstance(job, PageJob):
        return detach(lambda say: pages.fetch_all(job, say))
    return detach(lambda say: sessions.keep(job, say))


if __name__ == "__main__":
    sys.exit(main())
