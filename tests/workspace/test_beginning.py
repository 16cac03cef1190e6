"""What `drills init` makes of a compose file, as `docker compose config` tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from drills.errors import BadInput
from drills.sandbox.declared.declaration import Adapter
from drills.workspace.beginning import SCENARIO, begin, files_for, found_in
from drills.workspace.validate import validate

WEB = {
    "build": {"context": "."},
    "ports": [{"mode": "ingress", "target": 8000, "published": "8080", "protocol": "tcp"}],
    "healthcheck": {"test": ["CMD-SHELL", "curl -f http://localhost:8000/healthz || exit 1"]},
    "depends_on": {"db": {"condition": "service_started"}},
}
DB = {"image": "docker.io/library/postgres:15-alpine", "environment": {"POSTGRES_USER": "app", "POSTGRES_DB": "shop"}}


def test_a_service_is_guessed_from_its_image_ports_and_health_check() -> None:
    web, db = found_in("web", WEB), found_in("db", DB)
    assert (web.adapter, web.port, web.health, web.depends_on) == (Adapter.HTTP, 8000, "/healthz", ("db",))
    assert (db.adapter, db.port, db.user, db.database) == (Adapter.POSTGRES, None, "app", "shop")


@pytest.mark.parametrize(
    ("image", "adapter"),
    [
        ("redis:7", Adapter.REDIS),
        ("valkey/valkey@sha256:00", Adapter.REDIS),
        ("localhost:5000/team/postgis:15", Adapter.POSTGRES),
        ("mariadb:11", Adapter.MYSQL),
        ("mysql/mysql-server:8.0", Adapter.MYSQL),
        ("prom/mysqld-exporter:1", None),
        ("postgres-exporter:1", None),
        ("rabbitmq:3", None),
    ],
)
def test_an_image_that_is_not_known_is_not_guessed(image: str, adapter: Adapter | None) -> None:
    assert found_in("x", {"image": image}).adapter is adapter


def test_a_mariadb_is_probed_as_its_administrator_with_the_password_of_its_image() -> None:
    environment = {"MARIADB_ROOT_PASSWORD": "secret", "MARIADB_DATABASE": "shop"}
    files = files_for([found_in("db", {"image": "mariadb:11", "environment": environment})])
    assert (
        "db: {adapter: mysql, database: shop, password-from: env:MARIADB_ROOT_PASSWORD, may: []}"
        in files["drills.yaml"]
    )
    assert 'mysql: {url: "${db}"}' in files["probes/services.yaml"]
    assert "role: database" in files["probes/services.yaml"]
    assert "secret" not in "".join(files.values())


@pytest.mark.parametrize(
    ("image", "environment", "login"),
    [
        ("postgres:15", {"POSTGRES_HOST_AUTH_METHOD": "trust"}, (None, None)),
        ("postgres:15", {"POSTGRES_PASSWORD_FILE": "/run/secrets/db"}, (None, None)),
        ("postgres:15", {}, (None, "POSTGRES_PASSWORD")),
        ("postgres:15", {"POSTGRES_USER": "app", "POSTGRES_PASSWORD": "x"}, ("app", "POSTGRES_PASSWORD")),
        ("mysql:8", {"MYSQL_ROOT_PASSWORD": "x", "MYSQL_USER": "app"}, (None, "MYSQL_ROOT_PASSWORD")),
        ("mariadb:11", {"MARIADB_USER": "app", "MARIADB_PASSWORD": "x"}, ("app", "MARIADB_PASSWORD")),
        ("mysql:8", {"MYSQL_ALLOW_EMPTY_PASSWORD": "1"}, (None, None)),
    ],
)
def test_a_database_is_logged_in_to_as_its_image_makes_users(
    image: str, environment: dict[str, str], login: tuple[str | None, str | None]
) -> None:
    found = found_in("db", {"image": image, "environment": environment})
    assert (found.user, found.password) == login


def test_a_service_that_only_has_a_health_check_is_asked_where_that_asks() -> None:
    web = found_in("web", {"image": "web", "healthcheck": WEB["healthcheck"]})
    assert (web.adapter, web.port, web.health, web.published) == (Adapter.HTTP, 8000, "/healthz", False)
    bare = {"test": ["CMD", "wget", "-q", "http://127.0.0.1"]}
    assert found_in("web", {"image": "web", "healthcheck": bare}).health == "/"
    worker = found_in("worker", {"image": "worker", "healthcheck": {"test": ["CMD", "pgrep", "worker"]}})
    assert worker.adapter is None


def test_what_is_written_can_be_used_and_allows_nothing(tmp_path: Path) -> None:
    worker = found_in("Mail_Worker", {"image": "worker", "depends_on": {"db": {}}})
    files = files_for([found_in("web", WEB), found_in("db", DB), worker])
    compose = "services: {web: {build: .}, db: {image: 'postgres:15'}, Mail_Worker: {image: worker}}"
    for name, text in {**files, "compose.yaml": compose}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    problems = validate(tmp_path)
    assert [str(each) for each in problems if not each.warning] == []
    (refused,) = [each for each in problems if "does not allow" in each.wrong]
    assert (refused.file, refused.line) == (f"scenarios/{SCENARIO}/scenario.yaml", 8)
    assert "sandbox.services.db.may does not name kill" in refused.right


def test_nothing_is_written_over_and_a_folder_without_a_compose_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no compose"):
        begin(tmp_path)
    (tmp_path / "drills.yaml").touch()
    with pytest.raises(BadInput, match="is there already"):
        begin(tmp_path)
