"""One small drill for each kind of fault, to be killed in: inject the fault, watch for a moment, undo it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

#: The settings of each kind. What a kind does to the sandbox matters here, not its effect on users.
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "stop-service": {"service": "database"},
    "kill-service": {"service": "app/1"},
    "pause-service": {"service": "cache"},
    "pause-replica": {"replica": 1},
    "restart-service": {"service": "cache"},
    "scale-service": {"service": "app", "replicas": 1},
    "resize-service": {"service": "app", "cpus": 1},
    "stress-cpu": {"service": "app"},
    "link-latency": {"link": "app-database", "latency": "300ms"},
    "link-down": {"link": "app-cache"},
    "link-reset": {"link": "app-cache"},
    "link-bandwidth": {"link": "app-database", "rate": 20},
    "link-timeout": {"link": "app-cache"},
    "external-api-blocked": {},
    "exec": {
        "apply": "(setsid sleep 120 &); touch exec-fault",
        "undo": "rm -f exec-fault",
        "verify-undone": "[ ! -e exec-fault ]",
    },
    "deploy-release": {"release": "1.2.0"},
    "change-setting": {"setting": "provider_webhook_secret", "value": "another-secret-of-the-provider"},
    "rotate-credentials": {"role": "shop"},
    "expire-certificate": {},
    "run-migration": {"migration": "0005"},
    "drop-index": {"index": "orders_customer_idx"},
    "delete-rows": {"table": "orders", "where": "customer_id <= 100"},
    "hold-locks": {"table": "orders"},
    "exhaust-connections": {},
    "run-long-query": {},
    "abandon-exports": {},
    "fill-disk": {},
    "fill-cache": {"megabytes": 4},
    "misuse-key": {"requests-per-second": 5},
}
#: Seconds from the moment at which a fault is about to be applied to the one at which all is undone, generously.
LIFE = 10.0
_PREFIX = "kind-"


def names() -> tuple[str, ...]:
    """The names of these drills."""
    return tuple(_PREFIX + kind for kind in SETTINGS)


def write(folder: Path) -> None:
    """Put them among the scenarios of a workspace."""
    for kind, settings in SETTINGS.items():
        directory = folder / "scenarios" / (_PREFIX + kind)
        directory.mkdir(parents=True)
        (directory / "scenario.yaml").write_text(yaml.safe_dump(_scenario(kind, settings)), encoding="utf-8")


def _scenario(kind: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": f"One fault: {kind}",
        "story": "The runner dies.",
        "steady": {"hold": "1s", "probes": ["home"]},
        "traffic": {"users": 4, "spawn-rate": 4},
        "baseline": "1s",
        "timeline": [{"at": "0s", "fault": {"kind": kind, **settings}}],
        "truth": {"cause": kind, "among": [kind, "bad-deploy"], "remedy": "The undo."},
        "users-affected": False,
        "limits": {"duration": "3s"},
        "runbook": None,
    }
