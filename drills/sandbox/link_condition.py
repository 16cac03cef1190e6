"""How a link is disturbed, in a few words: `open`, `CUT`, `slow (+2 s)`."""

from __future__ import annotations

from datetime import timedelta

from drills.model.durations import humane
from drills.sandbox.capabilities.links import LinkStatus, Toxic


def condition(link: LinkStatus, *, toxics: bool = True) -> str:
    """`CUT` for one that refuses connections, else what its toxics do, else `open`.

    Without `toxics` only what a caller notices at once is told: open or cut.
    """
    if not link.enabled:
        return "CUT"
    return (", ".join(map(_effect, link.toxics)) if toxics else "") or "open"


def _effect(toxic: Toxic) -> str:
    """In words; one of a type that drills has no kind of fault for is named as Toxiproxy names it."""
    share = "" if toxic.toxicity == 1 else f", {toxic.toxicity:.0%} of connections"
    match toxic.type:
        case "latency":
            jitter = f" ± {_time(toxic, 'jitter')}" if toxic.attributes.get("jitter") else ""
            return f"slow (+{_time(toxic, 'latency')}{jitter}{share})"
        case "bandwidth":
            return f"slow (at most {toxic.attributes.get('rate', 0)} KB/s{share})"
        case "timeout":
            ends = f"closed after {_time(toxic, 'timeout')}" if toxic.attributes.get("timeout") else "not closed"
            return f"stalled (connections are {ends}{share})"
        case "reset_peer":
            after = f" after {_time(toxic, 'timeout')}" if toxic.attributes.get("timeout") else ""
            return f"reset (connections are reset{after}{share})"
        case other:
            return f"disturbed ({other}{share})"


def _time(toxic: Toxic, attribute: str) -> str:
    """Toxiproxy counts in milliseconds."""
    return humane(timedelta(milliseconds=int(toxic.attributes.get(attribute, 0))))
