"""What the shop says about itself to Prometheus, summed over all replicas that share one metrics folder.

The folder is named by PROMETHEUS_MULTIPROC_DIR, which prometheus_client reads when it is imported.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest, values
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector

from shop.replica_name import beat, beats, lives, replica_name

FOLDER = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
if FOLDER is not None and beats():
    # Before the first metric is made, which opens the files.
    values.ValueClass = values.MultiProcessValue(replica_name)

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 30.0)

REQUESTS = Counter("shop_requests", "Requests of users, by route and status.", ["route", "status"])
REQUEST_SECONDS = Histogram("shop_request_seconds", "Time to answer a request of a user.", ["route"], buckets=BUCKETS)
PARTNER_REQUESTS = Counter("shop_partner_requests", "Requests of partners, by route and status.", ["route", "status"])
LOGINS = Counter("shop_logins", "Logins, by result.", ["result"])
# From the first scrape on, before anybody has logged in: what is not exposed cannot be told from what is not there.
for _result in ("ok", "refused", "failed"):
    LOGINS.labels(_result)
POOL_IN_USE = Gauge("shop_pool_in_use", "Database connections in use.", multiprocess_mode="livesum")
POOL_SIZE = Gauge("shop_pool_size", "Database connections that may be in use.", multiprocess_mode="livesum")
EXTERNAL_SECONDS = Histogram("shop_external_api_seconds", "Time of calls of the external API.", buckets=BUCKETS)


class LivingReplicas:
    """Counters of all replicas there ever were, gauges of those that live."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        now = time.time()
        names = {file: file.stem.rsplit("_", 1)[1] for file in self._folder.glob("*.db")}
        living = {name for name in set(names.values()) if lives(self._folder, name, now=now)}
        dead = {file for file, name in names.items() if name not in living and file.name.startswith("gauge_live")}
        # A process id may be another's one day. Who is only silent may have been paused, and needs its file again.
        if not beats():
            for file in dead:
                file.unlink(missing_ok=True)
        files = [str(file) for file in names if file not in dead]
        merged: Iterable[Metric] = MultiProcessCollector.merge(files, accumulate=True)
        return merged


def show_life() -> Callable[[], None]:
    """A replica that runs says so until what this returns is called, where that is not seen from its process id."""
    return beat(Path(FOLDER), replica_name()) if FOLDER is not None and beats() else lambda: None


def exposition() -> tuple[bytes, str]:
    """The text and its content type. The gauges of replicas that died without a word are left out."""
    if FOLDER is None:
        return generate_latest(), CONTENT_TYPE_LATEST
    registry = CollectorRegistry()
    registry.register(LivingReplicas(Path(FOLDER)))
    return generate_latest(registry), CONTENT_TYPE_LATEST
