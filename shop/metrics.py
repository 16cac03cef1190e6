"""What the shop says about itself to Prometheus, summed over all replicas that share one metrics folder.

The folder is named by PROMETHEUS_MULTIPROC_DIR, which prometheus_client reads when it is imported.
"""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess
from prometheus_client.exposition import CONTENT_TYPE_LATEST

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 30.0)

REQUESTS = Counter("shop_requests", "Requests of users, by route and status.", ["route", "status"])
REQUEST_SECONDS = Histogram("shop_request_seconds", "Time to answer a request of a user.", ["route"], buckets=BUCKETS)
LOGINS = Counter("shop_logins", "Logins, by result.", ["result"])
POOL_IN_USE = Gauge("shop_pool_in_use", "Database connections in use.", multiprocess_mode="livesum")
POOL_SIZE = Gauge("shop_pool_size", "Database connections that may be in use.", multiprocess_mode="livesum")
EXTERNAL_SECONDS = Histogram("shop_external_api_seconds", "Time of calls of the external API.", buckets=BUCKETS)


def exposition() -> tuple[bytes, str]:
    """The text and its content type. The gauges of replicas that died without a word are left out."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder is None:
        return generate_latest(), CONTENT_TYPE_LATEST
    for pid in {path.stem.rsplit("_", 1)[1] for path in Path(folder).glob("gauge_live*.db")}:
        if not Path(f"/proc/{pid}").exists():
            multiprocess.mark_process_dead(int(pid), folder)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry, folder)
    return generate_latest(registry), CONTENT_TYPE_LATEST
