"""How many connections this process may hold open at once."""

from __future__ import annotations

import resource

#: Left for the store, the sandbox's pipes, the event loop and the like.
_RESERVED = 128


def connection_limit(wanted: int) -> int:
    """As many as wanted, or as the limit of open files allows after raising it as far as this process may.

    Checks without a free descriptor would all be unknown, so fewer are run at once.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _RESERVED
    if soft < needed:
        raised = needed if hard == resource.RLIM_INFINITY else min(hard, needed)
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
        soft = raised
    return max(1, min(wanted, soft - _RESERVED))
