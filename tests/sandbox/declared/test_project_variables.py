"""Where the variable of a service's password is found, the first source winning."""

from __future__ import annotations

from pathlib import Path

import pytest

from drills.sandbox.compose.project import Project
from drills.sandbox.declared.declaration import Adapter, DeclaredService
from drills.sandbox.declared.project_variables import ProjectVariables

FILE = """
services:
  db:
    image: postgres:15
    env_file: [db.env]
    environment: {POSTGRES_PASSWORD: "${DB_WORD}", LITERAL: "a$$b"}
  web: {image: web}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    for name in ("DB_WORD", "POSTGRES_PASSWORD", "LITERAL", "OF_FILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "compose.yaml").write_text(FILE, encoding="utf-8")
    (tmp_path / ".env").write_text("DB_WORD='of the .env'\n", encoding="utf-8")
    (tmp_path / "db.env").write_text("OF_FILE=of the file\n", encoding="utf-8")
    return Project("variables", tmp_path, tmp_path / "compose.yaml", "unix:///nowhere.sock")


def password(project: Project, variable: str, service: str = "db") -> str | None:
    declared = DeclaredService(adapter=Adapter.POSTGRES, password_from=f"env:{variable}")
    return declared.checking_in(ProjectVariables(project).of(service)).password()


def test_drills_own_environment_comes_before_the_projects_files(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert password(project, "DB_WORD") == "of the .env"
    monkeypatch.setenv("DB_WORD", "exported")
    assert password(project, "DB_WORD") == "exported"


@pytest.mark.engine
def test_what_compose_gives_the_service_is_found_by_the_services_own_name(project: Project) -> None:
    assert password(project, "POSTGRES_PASSWORD") == "of the .env"
    assert password(project, "OF_FILE") == "of the file"
    assert password(project, "LITERAL") == "a$b", "as the container has it"
    assert password(project, "POSTGRES_PASSWORD", "web") is None


def test_without_a_compose_file_it_is_not_set(project: Project) -> None:
    project.file.unlink()
    assert password(project, "POSTGRES_PASSWORD") is None
