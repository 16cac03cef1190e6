"""The servers that cases need: those of the probes' own tests."""

from __future__ import annotations

from tests.probing.conftest import cache as cache
from tests.probing.conftest import database as database
from tests.probing.conftest import empty_cluster as empty_cluster
