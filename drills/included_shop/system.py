"""The included system as the rest of the program meets it; loads a driver only to open its sandbox."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from drills.included import included_root
from drills.included_shop.compose.ports import PORTS, port_variable
from drills.included_shop.definitions import definitions
from drills.included_shop.names import Link, Service
from drills.included_shop.provider_commands import PROVIDER
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.choice import COMPOSE, LOCAL, driver_of, project_of
from drills.sandbox.system import Opening, PublishedPort, System

if TYPE_CHECKING:
    from pydantic import JsonValue

    from drills.sandbox.sandbox import Sandbox

#: Why nothing can be limited to one service where services are processes.
NO_CONTAINERS = "its services are processes, which share all processors of this machine"


class Shop(System):
    """As containers, or as processes where there is no engine."""

    commands = (PROVIDER,)
    ports = tuple(
        PublishedPort(port_variable(name), usual, datagrams=name == Service.DNS)
        for name, (_service, _inside, usual) in PORTS.items()
    )

    def open(self, opening: Opening) -> Sandbox:
        """Raises BadInput for a compose file that is not there, and for an engine that is not this machine's."""
        from drills.included_shop.sandbox import ShopSandbox

        location = opening.location
        if driver_of(location) == COMPOSE:
            from drills.included_shop.compose.driver import ComposeDriver

            project = project_of(location)
            return ShopSandbox(
                ComposeDriver(
                    project,
                    location.compose_folder,
                    # The compose file builds the shop that lies beside it.
                    project.folder if (project.folder / "shop").is_dir() else included_root(),
                    allow_remote_engine=opening.allow_remote_engine,
                    home=location.home,
                )
            )
        from drills.included_shop.local.driver import LocalDriver

        return ShopSandbox(
            LocalDriver(location.folder, included_root(), location.name, cache_dir=opening.cache, home=location.home)
        )

    def unavailable(self, driver: str) -> Mapping[Capability, str]:
        if driver != LOCAL:
            return {}
        from drills.included_shop.local.disk import refusal

        why = refusal()
        return {Capability.STRESS: NO_CONTAINERS, **({} if why is None else {Capability.DISK: why})}

    # --- what is known of it

    @property
    def names(self) -> Mapping[str, Collection[str]]:
        return _names()

    @property
    def addresses(self) -> Mapping[str, str]:
        return {
            "app": "http://127.0.0.1:8000",
            "app-direct": "http://127.0.0.1:8001",
            "edge": "https://shop.test:8443",
            "edge-address": "127.0.0.1:8443",
            "database": "postgresql://postgres@127.0.0.1:5432/shop",
            "cache": "redis://127.0.0.1:6379/0",
            "external-api": "http://127.0.0.1:8002",
            "toxiproxy": "http://127.0.0.1:8474",
            "dns": "127.0.0.1:5300",
            "ca": "ca.pem",
            "state": "state.json",
        }

    @property
    def entrance(self) -> str:
        return Service.APP

    def locustfile(self, workspace: Path) -> Path:
        own = workspace / "shop" / "locustfile.py"
        return own if own.is_file() else included_root() / "shop" / "locustfile.py"

    @property
    def probe_settings(self) -> Mapping[str, Mapping[str, JsonValue]]:
        named: dict[str, JsonValue] = {
            "requests": "shop_requests_total",
            "seconds": "shop_request_seconds",
            "logins": "shop_logins_total",
            "pool-in-use": "shop_pool_in_use",
            "pool-size": "shop_pool_size",
            "external-seconds": "shop_external_api_seconds",
        }
        return {"metrics": {"named": named}, "container": {"service": str(Service.APP)}}

    @property
    def release_service(self) -> str:
        return Service.APP

    def setting_refusal(self, name: str, value: str | None) -> str | None:
        for known in definitions(included_root()).settings:
            if known.name == name.replace("-", "_"):
                return f"{known.name} always has a value" if value is None else known.refusal(value)
        return None

    @property
    def examples(self) -> Mapping[str, JsonValue]:
        return {
            "service": str(Service.APP),
            "link": str(Link.APP_CACHE),
            "release": "1.2.0",
            "setting": "provider_webhook_secret",
            "value": "another-secret-of-the-provider",
            "migration": "0005",
            "role": "shop",
            "index": "orders_customer_idx",
            "table": "orders",
            "where": "customer_id <= 100",
        }


@lru_cache(maxsize=1)
def _names() -> Mapping[str, tuple[str, ...]]:
    root = included_root()
    migrations = sorted((root / "shop" / "migrations").glob("*.up.sql"))
    schema = "\n".join(file.read_text(encoding="utf-8") for file in (root / "shop" / "schema.py", *migrations))
    known = definitions(root)
    names = {
        "service": tuple(Service),
        "link": tuple(Link),
        "release": known.versions,
        "setting": tuple(setting.name for setting in known.settings),
        "migration": tuple(file.name[:4] for file in migrations),
        "index": tuple(re.findall(r"CREATE (?:UNIQUE )?INDEX (?:IF NOT EXISTS )?(\w+)", schema)),
        "table": tuple(re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", schema)),
    }
    return {key: present for key, present in names.items() if present}
