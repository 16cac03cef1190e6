"""The included kinds of faults, one line for each: its class, and the capabilities that it needs.

They have the form of entry points, with the capabilities as extras: so no class is imported to find out which drills
a sandbox cannot run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from drills.kinds import needs_in
from drills.model.traffic_kinds import TRAFFIC_SURGE
from drills.sandbox.capabilities.capability import Capability

INCLUDED: Mapping[str, str] = {
    "stop-service": "drills.faults.kinds.stop_service:StopService [services]",
    "kill-service": "drills.faults.kinds.kill_service:KillService [services]",
    "pause-service": "drills.faults.kinds.pause_service:PauseService [services]",
    "pause-replica": "drills.faults.kinds.pause_replica:PauseReplica [replicas, services]",
    "restart-service": "drills.faults.kinds.restart_service:RestartService [services]",
    "scale-service": "drills.faults.kinds.scale_service:ScaleService [scale, services]",
    "resize-service": "drills.faults.kinds.resize_service:ResizeService [resources, services]",
    "stress-cpu": "drills.faults.kinds.stress_cpu:StressCpu [services, stress]",
    "link-latency": "drills.faults.kinds.link_latency:LinkLatency [links]",
    "link-down": "drills.faults.kinds.link_down:LinkDown [links]",
    "link-reset": "drills.faults.kinds.link_reset:LinkReset [links]",
    "link-bandwidth": "drills.faults.kinds.link_bandwidth:LinkBandwidth [links]",
    "link-timeout": "drills.faults.kinds.link_timeout:LinkTimeout [links]",
    "deploy-release": "drills.faults.kinds.deploy_release:DeployRelease [releases]",
    "change-setting": "drills.faults.kinds.change_setting:ChangeSetting [settings]",
    "rotate-credentials": "drills.faults.kinds.rotate_credentials:RotateCredentials [sql]",
    "expire-certificate": "drills.faults.kinds.expire_certificate:ExpireCertificate [certificate]",
    "run-migration": "drills.faults.kinds.run_migration:RunMigration [migrations]",
    "drop-index": "drills.faults.kinds.drop_index:DropIndex [sql]",
    "delete-rows": "drills.faults.kinds.delete_rows:DeleteRows [sql]",
    "hold-locks": "drills.faults.kinds.hold_locks:HoldLocks [sql]",
    "exhaust-connections": "drills.faults.kinds.exhaust_connections:ExhaustConnections [sql]",
    "run-long-query": "drills.faults.kinds.run_long_query:RunLongQuery [sql]",
    "abandon-exports": "drills.included_shop.faults.abandon_exports:AbandonExports [services]",
    "fill-disk": "drills.faults.kinds.fill_disk:FillDisk [disk]",
    "fill-cache": "drills.faults.kinds.fill_cache:FillCache [cache]",
    "misuse-key": "drills.included_shop.faults.misuse_key:MisuseKey [sql]",
    "external-api-blocked": "drills.included_shop.faults.external_api_blocked:ExternalApiBlocked [links]",
    "exec": "drills.faults.kinds.exec:Exec",
}


def why_never(kinds: Iterable[str], unavailable: Mapping[Capability, str]) -> str | None:
    """Why a sandbox that lacks these capabilities cannot have one of the faults; None when it can have them all."""
    for kind in kinds if unavailable else ():
        for capability in sorted(set(_needs(kind)) & unavailable.keys()):
            return unavailable[capability]
    return None


def _needs(kind: str) -> Collection[Capability]:
    if kind == TRAFFIC_SURGE:
        return ()
    if kind in INCLUDED:
        return [Capability(name) for name in needs_in(INCLUDED[kind])]
    from drills.faults.registry import FAULTS  # only for kinds from outside, because it reads the entry points

    return FAULTS[kind].needs if kind in FAULTS else ()
