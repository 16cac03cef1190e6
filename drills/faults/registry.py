"""Every kind of fault by its name. Light: neither a database driver nor psutil is imported here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from drills.core.scenario import FaultSpec
from drills.errors import BadInput
from drills.faults.fault import Fault
from drills.faults.kinds.abandon_exports import AbandonExports
from drills.faults.kinds.change_setting import ChangeSetting
from drills.faults.kinds.delete_rows import DeleteRows
from drills.faults.kinds.deploy_release import DeployRelease
from drills.faults.kinds.drop_index import DropIndex
from drills.faults.kinds.exec import Exec
from drills.faults.kinds.exhaust_connections import ExhaustConnections
from drills.faults.kinds.expire_certificate import ExpireCertificate
from drills.faults.kinds.external_api_blocked import ExternalApiBlocked
from drills.faults.kinds.fill_cache import FillCache
from drills.faults.kinds.fill_disk import FillDisk
from drills.faults.kinds.hold_locks import HoldLocks
from drills.faults.kinds.kill_service import KillService
from drills.faults.kinds.link_bandwidth import LinkBandwidth
from drills.faults.kinds.link_down import LinkDown
from drills.faults.kinds.link_latency import LinkLatency
from drills.faults.kinds.link_reset import LinkReset
from drills.faults.kinds.link_timeout import LinkTimeout
from drills.faults.kinds.misuse_key import MisuseKey
from drills.faults.kinds.pause_replica import PauseReplica
from drills.faults.kinds.pause_service import PauseService
from drills.faults.kinds.rotate_credentials import RotateCredentials
from drills.faults.kinds.run_long_query import RunLongQuery
from drills.faults.kinds.run_migration import RunMigration
from drills.faults.kinds.stop_service import StopService
from drills.faults.kinds.traffic_surge import TrafficSurge
from drills.nearest import suggest

_KINDS: tuple[type[Fault], ...] = (
    StopService,
    KillService,
    PauseService,
    PauseReplica,
    LinkLatency,
    LinkDown,
    LinkReset,
    LinkBandwidth,
    LinkTimeout,
    DeployRelease,
    ChangeSetting,
    RotateCredentials,
    ExpireCertificate,
    RunMigration,
    DropIndex,
    DeleteRows,
    HoldLocks,
    ExhaustConnections,
    RunLongQuery,
    AbandonExports,
    FillDisk,
    FillCache,
    MisuseKey,
    TrafficSurge,
    ExternalApiBlocked,
    Exec,
)

FAULTS: Mapping[str, type[Fault]] = MappingProxyType({kind.kind: kind for kind in _KINDS})


def fault_of(spec: FaultSpec) -> Fault:
    """The fault that a scenario names.

    Raises BadInput for an unknown kind (with the nearest one), pydantic.ValidationError for its settings.
    """
    if spec.kind not in FAULTS:
        raise BadInput(f"unknown kind of fault {spec.kind!r}; {suggest(spec.kind, FAULTS)}")
    return FAULTS[spec.kind].model_validate(spec.settings)
