"""The subprocess of the traffic: `python -m drills.traffic.locust_runner`; stdin begins with its plan (`wire.Plan`).

It runs Locust headless, in one process or as a master with workers, writes one JSON line a second on stdout, obeys
lines on stdin, and ends when stdin does or when its parent dies. `LoadTestShape`, tags and Locust's own options of a
locustfile are not used.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask the kernel for SIGKILL when the parent ends; prctl(2). Elsewhere than on Linux the end of stdin must do."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def main() -> None:
    die_with_parent()
    # The locustfile may print; the lines of the protocol have a descriptor of their own.
    protocol = os.dup(1)
    os.dup2(2, 1)
    # These import Locust, which patches the standard library.
    from drills.traffic.wire import Plan

    plan = Plan.read(0)
    if plan.worker is not None:
        from drills.traffic.locust_worker import Worker

        Worker(plan).run()
    elif plan.workers:
        from drills.traffic.locust_master import Master

        Master(plan, protocol).run()
    else:
        from drills.traffic.locust_session import Session

        Session(plan, protocol).run()


if __name__ == "__main__":
    main()
