"""A service whose image has no shell: what needs one in its container is refused before a drill, in one line."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.faults.injection import lacking
from drills.faults.registry import fault_of
from drills.model.scenario import FaultSpec
from drills.sandbox.compose.engine import engine_host
from drills.sandbox.compose.project import Project
from drills.sandbox.declared.declaration import Act, DeclaredService
from drills.sandbox.declared.sandbox import DeclaredSandbox

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]

IMAGE = "drills-test/no-shell"
DOCKERFILE = """
FROM redis:7
RUN ["/bin/rm", "-f", "/bin/sh", "/bin/dash", "/bin/bash", "/usr/bin/sh", "/usr/bin/dash", "/usr/bin/bash"]
ENTRYPOINT ["redis-server"]
"""
FILE = f"""
services:
  bare: {{image: "{IMAGE}", tmpfs: ["/scratch:size=4m"]}}
  whole: {{image: "redis:7", tmpfs: ["/scratch:size=4m"]}}
"""
SERVICE = DeclaredService(port=6379, disk="/scratch", may=(Act.STRESS, Act.FILL, Act.EXEC))
FAULTS = [
    {"kind": "stress-cpu"},
    {"kind": "fill-disk"},
    {"kind": "exec", "apply": "true", "undo": "true", "verify-undone": "true"},
]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeclaredSandbox]:
    folder = tmp_path_factory.mktemp("no-shell")
    (folder / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
    (folder / "compose.yaml").write_text(FILE, encoding="utf-8")
    run(folder, "docker", "build", "--quiet", "--tag", IMAGE, ".")
    try:
        run(folder, "docker", "compose", "up", "--detach")
        project = Project(folder.name, folder, folder / "compose.yaml", engine_host())
        yield DeclaredSandbox(project, folder / ".drills", {"bare": SERVICE, "whole": SERVICE})
    finally:
        run(folder, "docker", "compose", "down", "--timeout", "0", "--volumes")
        run(folder, "docker", "image", "rm", IMAGE)


def run(folder: Path, *words: str) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("spec", FAULTS, ids=lambda spec: str(spec["kind"]))
def test_it_is_refused_before_the_drill(sandbox: DeclaredSandbox, spec: dict[str, object]) -> None:
    where = "in" if spec["kind"] == "exec" else "service"
    bare = fault_of(FaultSpec.model_validate({**spec, where: "bare"}))
    assert lacking([bare], sandbox) == f"{spec['kind']}: bare has no `sh`, which commands in a container need"
    assert lacking([fault_of(FaultSpec.model_validate({**spec, where: "whole"}))], sandbox) is None


def test_what_is_done_to_the_container_from_outside_needs_none(sandbox: DeclaredSandbox) -> None:
    before = sandbox.fingerprint()
    sandbox.resources.resize("bare", cpus=0.1)
    sandbox.services.kill("bare")
    assert sandbox.restore(before)
    assert sandbox.fingerprint() == before
