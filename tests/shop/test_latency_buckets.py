"""The shop's own histogram tells each threshold of a playbook exactly: it is a bound of a bucket."""

from __future__ import annotations

import re

from drills.included import included_root
from drills.workspace.workspace import Workspace
from shop.metrics import BUCKETS


def test_every_threshold_on_a_percentile_is_a_bound_of_a_bucket() -> None:
    playbooks = Workspace.load(included_root()).playbooks
    conditions = [each.when for name in playbooks for each in playbooks[name].thresholds]
    bounds = {float(found) for when in conditions for found in re.findall(r"\bp(?:50|95|99) [<>]=? ([0-9.]+)", when)}
    assert bounds == {1.0, 1.5, 2.0, 3.0, 5.0, 10.0}
    assert bounds <= set(BUCKETS)
