"""The compose file says what the rest of the program assumes."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from drills.included import included_root
from drills.included_shop.compose.layout import CONFIGURED
from drills.included_shop.compose.ports import DIRECT, DISK, PORTS, port_variable
from drills.included_shop.compose.service_control import USUAL_APP_CPUS
from drills.included_shop.definitions import definitions
from drills.included_shop.names import Service

ROOT = included_root()
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
FILE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
ONCE = {"seed", "certificates"}


def test_it_has_every_service_and_what_holds_the_disk() -> None:
    assert {*Service, DIRECT, DISK, *ONCE} <= SERVICES.keys()


def test_everything_is_published_on_loopback_only() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert published
    assert all(str(port).startswith("127.0.0.1:") for port in published)


def test_the_usual_ports_are_those_that_the_driver_assumes() -> None:
    for name, (service, inside, usual) in PORTS.items():
        ports = [str(port) for port in SERVICES[service]["ports"]]
        wanted = f"127.0.0.1:${{{port_variable(name)}:-{usual}}}:{inside}"
        assert any(port in (wanted, f"{wanted}/udp") for port in ports), (name, ports)


def test_nothing_restarts_by_itself_nothing_is_unbounded_and_all_that_runs_has_a_health_check() -> None:
    for name, service in SERVICES.items():
        assert service["restart"] == "no", name
        assert service["mem_limit"], name
        assert service["memswap_limit"] == service["mem_limit"], f"{name}: swap would hide the limit"
        assert service["cpus"], name
        assert "healthcheck" in service or name in {*ONCE, DISK}, name


def test_the_engines_socket_is_mounted_nowhere_and_nobody_is_privileged() -> None:
    assert "docker.sock" not in TEXT
    assert "privileged" not in TEXT
    assert "network_mode" not in TEXT


def test_images_are_pinned_to_a_version() -> None:
    for name, service in SERVICES.items():
        if "build" not in service:
            assert re.fullmatch(r"[\w./-]+:[\w.-]*\d[\w.-]*", service["image"]), name


@pytest.mark.parametrize("service", CONFIGURED)
def test_each_setting_reaches_its_service_with_the_shops_own_default(service: Service) -> None:
    given = SERVICES[service]["environment"]
    for setting in definitions(ROOT).settings:
        if service not in setting.services:
            continue
        if setting.name == "memory_limit_mb":
            # In a container the kernel holds it.
            assert SERVICES[service]["mem_limit"] == f"${{{setting.variable}:-{setting.default}}}m"
            continue
        written = re.fullmatch(r"\$\{(\w+):?-(.*)\}", str(given[setting.variable]))
        assert written is not None, setting.name
        assert written.groups() == (setting.variable, setting.default)


def test_settings_whose_empty_value_means_something_are_not_replaced_when_they_are_empty() -> None:
    for setting in definitions(ROOT).settings:
        if setting.refusal("") is None:
            for service in setting.services:
                assert f"${{{setting.variable}-" in SERVICES[service]["environment"][setting.variable], setting.name


def test_the_first_release_and_the_apps_usual_cores_are_the_programs() -> None:
    assert SERVICES["app"]["environment"]["SHOP_RELEASE"] == f"${{SHOP_RELEASE:-{definitions(ROOT).initial_release}}}"
    assert SERVICES["app"]["cpus"] == f"${{DRILLS_APP_CPUS:-{USUAL_APP_CPUS}}}"


def test_volumes_say_that_they_are_a_sandboxes() -> None:
    assert all(volume["labels"] == {"drills.sandbox": "true"} for volume in FILE["volumes"].values())
