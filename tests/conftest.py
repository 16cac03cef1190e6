"""What tests of several folders share, and which of them share a worker.

Tests that use the same running sandbox go to the same worker, so that few have to be brought up, and the longest of
these groups begin first. (The groups of pytest-xdist itself go by a mark, and do nothing under pytest 9.2.)
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling

# A shell starts its background jobs with SIGINT ignored, and every process that a test starts inherits that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: What the names of tests begin with that belong together, the group that takes longest first.
TOGETHER = (
    ("tests/drill/test_real_",),
    ("tests/included_shop/test_shop.py", "tests/included_shop/test_diagnostics.py", "tests/included_shop/local/"),
    ("tests/included_shop/test_conformance",),
    ("tests/faults/",),
    ("tests/store/",),
    ("tests/test_package.py",),
)


def group(test: str) -> int:
    """The number of the group that a test belongs to; of one that belongs to none, the number after the last."""
    return next((number for number, names in enumerate(TOGETHER) if test.startswith(names)), len(TOGETHER))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Groups first: what is left then fills the gaps."""
    items.sort(key=lambda item: group(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """For `--dist loadgroup`: these groups, and each of the other tests by itself."""
    from xdist.scheduler import LoadScopeScheduling

    if config.getoption("dist") != "loadgroup":
        return None

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            number = group(nodeid)
            return TOGETHER[number][0] if number < len(TOGETHER) else nodeid

    config.option.loadscopereorder = False
    return Groups(config, log)


@pytest.fixture(scope="session")
def template_cache(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """Where the seeded database is kept, so that it is made once for all workers."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if hasattr(request.config, "workerinput") else base) / "template-cache"
