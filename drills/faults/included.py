"""The kinds of faults that are included, a line each. Nothing is imported here: `drills list` has no time for that."""

from __future__ import annotations

from collections.abc import Mapping

INCLUDED: Mapping[str, str] = {
    "stop-service": "drills.faults.kinds.stop_service:StopService",
    "kill-service": "drills.faults.kinds.kill_service:KillService",
    "pause-service": "drills.faults.kinds.pause_service:PauseService",
    "pause-replica": "drills.faults.kinds.pause_replica:PauseReplica",
    "restart-service": "drills.faults.kinds.restart_service:RestartService",
    "scale-service": "drills.faults.kinds.scale_service:ScaleService",
    "resize-service": "drills.faults.kinds.resize_service:ResizeService",
    "stress-cpu": "drills.faults.kinds.stress_cpu:StressCpu",
    "link-latency": "drills.faults.kinds.link_latency:LinkLatency",
    "link-down": "drills.faults.kinds.link_down:LinkDown",
    "link-reset": "drills.faults.kinds.link_reset:LinkReset",
    "link-bandwidth": "drills.faults.kinds.link_bandwidth:LinkBandwidth",
    "link-timeout": "drills.faults.kinds.link_timeout:LinkTimeout",
    "deploy-release": "drills.faults.kinds.deploy_release:DeployRelease",
    "change-setting": "drills.faults.kinds.change_setting:ChangeSetting",
    "rotate-credentials": "drills.faults.kinds.rotate_credentials:RotateCredentials",
    "expire-certificate": "drills.faults.kinds.expire_certificate:ExpireCertificate",
    "run-migration": "drills.faults.kinds.run_migration:RunMigration",
    "drop-index": "drills.faults.kinds.drop_index:DropIndex",
    "delete-rows": "drills.faults.kinds.delete_rows:DeleteRows",
    "hold-locks": "drills.faults.kinds.hold_locks:HoldLocks",
    "exhaust-connections": "drills.faults.kinds.exhaust_connections:ExhaustConnections",
    "run-long-query": "drills.faults.kinds.run_long_query:RunLongQuery",
    "abandon-exports": "drills.faults.kinds.abandon_exports:AbandonExports",
    "fill-disk": "drills.faults.kinds.fill_disk:FillDisk",
    "fill-cache": "drills.faults.kinds.fill_cache:FillCache",
    "misuse-key": "drills.faults.kinds.misuse_key:MisuseKey",
    "external-api-blocked": "drills.faults.kinds.external_api_blocked:ExternalApiBlocked",
    "exec": "drills.faults.kinds.exec:Exec",
}
