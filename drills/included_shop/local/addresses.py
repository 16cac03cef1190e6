"""What probes, locustfiles and runbooks may name of the local sandbox, as `${app}` and so on."""

from __future__ import annotations

from collections.abc import Mapping

from drills.included_shop.local import postgres
from drills.included_shop.local.blueprints import Layout
from drills.included_shop.names import Service
from drills.sandbox.ports import HOST
from drills.sandbox.state import SandboxState

PUBLIC_NAME = "shop.test"


def addresses(layout: Layout, state: SandboxState) -> Mapping[str, str]:
    """By name; see `drills.sandbox.sandbox.Sandbox.addresses`. A service without a port yet has none."""
    ports = state.ports
    found = {
        "app": f"http://{HOST}:{ports[Service.APP]}",
        "app-direct": f"http://{HOST}:{ports[Service.APP]}",
        "database": postgres.url(ports[Service.DATABASE]),
        "database-app": postgres.url(
            ports[Service.DATABASE], user="shop", password=state.settings.get("database_password", "")
        ),
        "cache": f"redis://{HOST}:{ports[Service.CACHE]}/0",
        "external-api": f"http://{HOST}:{ports[Service.EXTERNAL_API]}",
        "toxiproxy": f"http://{HOST}:{ports[Service.TOXIPROXY]}",
        "ca": str(layout.certificates / "ca.pem"),
        "state": str(layout.state),
    }
    if Service.EDGE in ports:
        found["edge"] = f"https://{PUBLIC_NAME}:{ports[Service.EDGE]}"
        found["edge-address"] = f"{HOST}:{ports[Service.EDGE]}"
    if Service.DNS in ports:
        found["dns"] = f"{HOST}:{ports[Service.DNS]}"
    return found
