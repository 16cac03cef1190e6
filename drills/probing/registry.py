"""Every kind of probe by its name: a line for each that is included, and those that are added by entry points."""

from __future__ import annotations

from inspect import isclass
from typing import Any

from drills.kinds import Kinds
from drills.model.playbook import kebab
from drills.model.probe import ProbeSpec
from drills.probing.settings_model import SettingsModel

_INCLUDED = {
    "http": "drills.probing.kinds.http.settings:HttpSettings",
    "tcp": "drills.probing.kinds.tcp.settings:TcpSettings",
    "tls": "drills.probing.kinds.tls.settings:TlsSettings",
    "journey": "drills.probing.kinds.journey.settings:JourneySettings",
    "heartbeat": "drills.probing.kinds.heartbeat.settings:HeartbeatSettings",
    "dns": "drills.probing.kinds.dns.settings:DnsSettings",
    "postgres": "drills.probing.kinds.postgres.settings:PostgresSettings",
    "mysql": "drills.probing.kinds.mysql.settings:MysqlSettings",
    "redis": "drills.probing.kinds.redis.settings:RedisSettings",
    "grpc": "drills.probing.kinds.grpc.settings:GrpcSettings",
    "exec": "drills.probing.kinds.exec.settings:ExecSettings",
    "metrics": "drills.probing.kinds.metrics.settings:MetricsSettings",
    "container": "drills.probing.kinds.container.settings:ContainerSettings",
}
#: What a probe has beside the key of its kind.
_KEYS = frozenset(kebab(name) for name in ProbeSpec.model_fields)


def _wrong(name: str, kind: Any) -> str | None:
    if not (isclass(kind) and issubclass(kind, SettingsModel)):
        return "it is not a subclass of drills.probing.settings_model.SettingsModel"
    if kind.prepare is SettingsModel.prepare:
        return f"{kind.__name__} has no method prepare(self, probe, context), which makes the check"
    if name in _KEYS:
        return f"{name!r} is a key of every probe; rename the entry point"
    return None


PROBE_KINDS: Kinds[SettingsModel] = Kinds("drills.probes", "a kind of probe", _INCLUDED, _wrong)
