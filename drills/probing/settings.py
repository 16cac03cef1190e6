"""The settings of most kinds of probes, as a person writes them. Light: nothing here opens a connection.

How a kind looks is in the file of its name (`kinds/http.py`, `kinds/tcp.py`, …); `registry.py` has all kinds.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field, ValidationInfo, field_validator

from drills.model.durations import Duration, bounded
from drills.model.playbook import Model
from drills.probing.postgres_url import postgres_parameters
from drills.probing.redis_url import RedisAddress
from drills.probing.settings_model import ForOthers, Headers, SettingsModel, Url, is_filled


class HttpSettings(SettingsModel):
    """One request over a fresh connection."""

    for_others: ClassVar[ForOthers] = ForOthers.ALWAYS
    names = frozenset({"status", "time", "body", "json", "headers", "url", "version"})
    #: As for a journey's steps, and as other tools have it: an error page is no sign of health.
    unless_asserted: ClassVar[tuple[str, ...]] = ("status < 400",)

    url: Url
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = "GET"
    headers: Headers = Field(default_factory=dict)
    body: str | None = None
    json_: dict[str, object] | None = Field(None, description="Sent as JSON, with its content type.")
    redirects: int = Field(0, ge=0, le=20, description="How many redirects are followed; 0: a redirect is an answer.")
    http2: bool = Field(False, description="Insist on HTTP/2.")
    verify: bool = Field(True, description="Refuse invalid certificates.")
    ca: str | None = Field(None, description="File of certificates to trust instead of the system's.")
    dns: str | None = Field(None, description="DNS server (host:port) to ask for the name's address: ${dns}.")
    body_limit: int = Field(1_048_576, ge=1, description="Bytes; a longer answer is stopped and fails.")
    tripwire: bool = Field(False, description="Hold a connection open; look at once when it breaks.")


class TcpSettings(SettingsModel):
    """One connection; optionally something sent, and something expected in the answer."""

    for_others: ClassVar[ForOthers] = ForOthers.ALWAYS
    names = frozenset({"time", "answer"})

    address: str = Field(description="host:port, or any URL with a host and a port.")
    send: str | None = None
    expect: str | None = Field(None, description="Text that the answer must contain.")
    tripwire: bool = False


class TlsSettings(SettingsModel):
    """One handshake, and what the certificate is worth."""

    for_others: ClassVar[ForOthers] = ForOthers.ALWAYS
    names = frozenset({"certificate", "chain_ok", "name_ok", "protocol", "cipher", "time"})

    address: str = Field(description="host:port, or any URL with a host and a port.")
    server_name: str | None = Field(None, description="The name asked for; absent: the address's host.")
    ca: str | None = Field(None, description="File of certificates to trust instead of the system's.")
    minimum_version: Literal["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] = "TLSv1.2"
    verify: bool = Field(True, description="Fail for a certificate that users would refuse; false: assertions judge.")


class DnsSettings(SettingsModel):
    """One question to one DNS server."""

    for_others: ClassVar[ForOthers] = ForOthers.ALWAYS
    names = frozenset({"answers", "rcode", "time"})

    server: str = Field(description="host:port of the DNS server: ${dns}.")
    name: str
    type: Literal["A", "AAAA", "CNAME", "MX", "NS", "TXT", "SRV", "SOA", "CAA", "PTR"] = "A"
    expect: tuple[str, ...] = Field((), description="All the answers that are right, in any order; empty: any.")


class PostgresSettings(SettingsModel):
    """A query and the measures of a PostgreSQL server."""

    for_others: ClassVar[ForOthers] = ForOthers.ALWAYS
    names = frozenset(
        {
            "time",
            "rows",
            "connections",
            "connections_by_state",
            "max_connections",
            "longest_query",
            "lock_waits",
            "table_sizes",
            "database_bytes",
        }
    )
    metrics = frozenset({"database_connections", "longest_query", "lock_waits", "disk"})

    url: str = Field(description="postgresql://user:password@host:port/database; parameters: sslmode, options …")
    ca: str | None = Field(None, description="File of certificates to trust; the server's must be valid for the host.")
    query: str = "SELECT 1 AS one"
    disk_limit: int | None = Field(None, gt=0, description="Bytes that the database may hold; absent: not measured.")
    tripwire: bool = False

    @field_validator("url")
    @classmethod
    def _is_a_servers(cls, url: str) -> str:
        if is_filled(url):
            postgres_parameters(url)
        return url

    @field_validator("ca")
    @classmethod
    def _is_looked_at(cls, ca: str | None, info: ValidationInfo) -> str | None:
        if is_filled(url := info.data.get("url", "${}")):
            postgres_parameters(url, ca)
        return ca

    @property
    def here_only(self) -> str:
        return "url: a Unix socket" if postgres_parameters(self.url, self.ca)["host"].startswith("/") else ""


class RedisSettings(SettingsModel):
    """PING and INFO."""

    for_others: ClassVar[ForOthers] = ForOthers.ALWAYS
    names = frozenset({"time", "info", "cache_memory"})
    metrics = frozenset({"cache_memory"})

    url: str = Field(description="redis://user:password@host:port/0; rediss:// over TLS, unix:///path of a socket.")
    verify: bool = Field(True, description="Refuse invalid certificates.")
    ca: str | None = Field(None, description="File of certificates to trust instead of the system's.")
    memory_limit: int | None = Field(None, gt=0, description="Bytes; where the server itself has no maxmemory.")
    tripwire: bool = False

    @field_validator("url")
    @classmethod
    def _is_a_servers(cls, url: str) -> str:
        if is_filled(url):
            RedisAddress.read(url)
        return url

    @property
    def here_only(self) -> str:
        return "url: a Unix socket" if RedisAddress.read(self.url).socket else ""


class HeartbeatSettings(SettingsModel):
    """Something that must report by a time: a nightly job, a queue's worker."""

    for_others: ClassVar[ForOthers] = ForOthers.NEVER
    names = frozenset({"age"})

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="What `drills heartbeat NAME` is called with.")
    within: Annotated[Duration, bounded(timedelta(seconds=1))] = Field(description="How long ago the last beat may be.")
    state: str = Field(description="Path of the sandbox's state file, beside which beats are kept: ${state}.")


class MetricNames(Model):
    """What the target calls its metrics; the defaults are those of the included shop."""

    requests: str = "shop_requests_total"
    status_label: str = "status"
    route_label: str = "route"
    seconds: str = "shop_request_seconds"
    logins: str = "shop_logins_total"
    login_label: str = "result"
    login_ok: tuple[str, ...] = ("ok", "success", "succeeded")
    pool_in_use: str = "shop_pool_in_use"
    pool_size: str = "shop_pool_size"
    external_seconds: str = "shop_external_api_seconds"


Measured = Literal["error_rate", "p50", "p95", "p99", "rpm", "auth_failure_rate", "pool_in_use", "external_api_latency"]


class MetricsSettings(SettingsModel):
    """A Prometheus endpoint, turned into rates and percentiles over a window."""

    for_others: ClassVar[ForOthers] = ForOthers.ALWAYS
    metrics = frozenset(get_args(Measured))
    names = metrics | {"status", "time"}

    url: Url
    window: Annotated[Duration, bounded(timedelta(seconds=1))] = timedelta(seconds=60)
    min_requests: int = Field(10, ge=1, description="Fewer in the window: rates and percentiles are not measured.")
    ignore_routes: tuple[str, ...] = Field(
        ("/health", "/ready", "/metrics", "/version"), description="Routes that no user asks for."
    )
    report: tuple[Measured, ...] = Field(
        (), description="What thresholds and reports get from this probe; absent: all that it measures."
    )
    named: MetricNames = MetricNames()
    body_limit: int = Field(8_388_608, ge=1)


class ContainerSettings(SettingsModel):
    """The containers of a service, by the engine's statistics; processes, on the local driver."""

    for_others: ClassVar[ForOthers] = ForOthers.NEVER
    metrics = frozenset({"memory", "cpu", "disk"})
    names = metrics | {"processes", "restarts", "oom_kills", "memory_bytes", "disk_bytes", "disk_full_in"}

    state: str = Field(description="Path of the sandbox's state file: ${state}.")
    service: str = "app"
    memory_limit: int | None = Field(None, gt=0, description="Bytes that each may hold; absent: its limit, or all.")
    cpu_limit: float | None = Field(None, gt=0, description="Cores of all together; absent: their limit, or all.")
    disk: str | None = Field(
        None, description="A folder of this machine, or a file of it, whose size is measured instead of the disk."
    )
    disk_limit: int | None = Field(None, gt=0, description="Bytes; absent: what the folder's file system could hold.")
