"""Each disturbance of a link in the words that `drills sandbox link` prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from drills.faults.fault import Fault
from drills.faults.kinds.link_bandwidth import LinkBandwidth
from drills.faults.kinds.link_latency import LinkLatency
from drills.faults.kinds.link_reset import LinkReset
from drills.faults.kinds.link_timeout import LinkTimeout
from drills.sandbox.capabilities.links import LinkStatus, Toxic
from drills.sandbox.link_condition import condition
from tests.faults.paper_sandbox import PaperSandbox

LINK = "app-cache"


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        (LinkLatency, {"latency": "2s"}, "slow (+2 s)"),
        (LinkLatency, {"latency": "1500ms", "jitter": "50ms"}, "slow (+1 s 500 ms ± 50 ms)"),
        (LinkLatency, {"latency": "300ms", "toxicity": 0.5}, "slow (+300 ms, 50% of connections)"),
        (LinkBandwidth, {"rate": 20}, "slow (at most 20 KB/s)"),
        (LinkTimeout, {}, "stalled (connections are not closed)"),
        (LinkTimeout, {"after": "10s"}, "stalled (connections are closed after 10 s)"),
        (LinkReset, {}, "reset (connections are reset)"),
        (LinkReset, {"after": "100ms"}, "reset (connections are reset after 100 ms)"),
    ],
)
def test_what_a_fault_does_to_a_link_is_shown(kind: type[Fault], settings: Mapping[str, Any], words: str) -> None:
    sandbox = PaperSandbox()
    kind.model_validate({"link": LINK, **settings}).apply(sandbox)
    found = next(each for each in sandbox.links.list() if each.name == LINK)
    assert condition(found) == words


def test_a_link_that_is_cut_is_nothing_else() -> None:
    toxics = (Toxic("latency", "latency", attributes={"latency": 300}), Toxic("x", "slicer"))
    assert condition(LinkStatus("a-b", False, "", "", toxics)) == "CUT"
    assert condition(LinkStatus("a-b", True, "", "", toxics)) == "slow (+300 ms), disturbed (slicer)"
    assert condition(LinkStatus("a-b", True, "", "")) == "open"
