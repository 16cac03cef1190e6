"""What drills.yaml says of releases, settings and disks: understood, or refused with what would be right."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from drills.errors import BadInput, EnvironmentFailed
from drills.faults.injection import lacking
from drills.faults.registry import fault_of
from drills.model.scenario import FaultSpec
from drills.sandbox.compose.containers import Container
from drills.sandbox.compose.project import Project
from drills.sandbox.declared.addresses import lasting_host_port
from drills.sandbox.declared.declaration import Act, Adapter, DeclaredService
from drills.sandbox.declared.disks import unbounded
from drills.sandbox.declared.release_commands import ReleaseCommands
from drills.sandbox.declared.sandbox import DeclaredSandbox
from drills.sandbox.declared.system import ReleaseDeclaration
from drills.workspace.validate import validate

COMMANDS = {"service": "web", "deploy": "echo {version} > current", "current": "cat current"}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"service": "web"}, "does not say how to deploy"),
        ({"service": "web", "image": "x/web"}, "names no tags"),
        ({"service": "web", "image": "x/web", "tags": ["1"], "deploy": "x {version}"}, "has image and deploy"),
        ({"service": "web", "deploy": "x", "current": "y"}, "does not name the version"),
        ({"service": "web", "image": "x/web", "tags": ["a b"]}, "pattern"),
        ({"service": "web", "image": "Web Image", "tags": ["1"]}, "pattern"),
    ],
)
def test_releases_that_cannot_be_understood_are_refused(written: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ReleaseDeclaration.model_validate(written)


def commands(folder: Path, **more: str) -> ReleaseCommands:
    declared = ReleaseDeclaration.model_validate({**COMMANDS, **more})
    return ReleaseCommands(declared, folder, lambda _service, _seconds: None)


def test_the_owners_commands_deploy_and_say_what_runs(tmp_path: Path) -> None:
    (tmp_path / "current").write_text("1.0\n")
    way = commands(tmp_path, rollback="echo back-to-{version} > current")
    assert way.current() == "1.0"
    way.bring("1.1", 1, back=False)
    assert way.current() == "1.1"
    way.bring("1.0", 1, back=True)
    assert way.current() == "back-to-1.0"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"deploy": "echo no {version} >&2; exit 3"}, r"sandbox\.releases\.deploy: it ended with status 3: no 1\.1"),
        ({"deploy": "sleep 60 # {version}", "timeout": "200ms"}, r"releases\.deploy: it did not end within 200ms"),
        ({"deploy": ": {version}", "current": "true"}, r"it must print the running version.*it printed nothing"),
        ({"deploy": ": {version}", "current": "echo a; echo b"}, "it must print the running version"),
    ],
)  # fmt: skip
def test_a_command_that_fails_is_told_in_one_line(tmp_path: Path, more: dict[str, str], said: str) -> None:
    way = commands(tmp_path, **more)
    with pytest.raises(EnvironmentFailed, match=said) as failed:  # noqa: PT012 - whichever of the two fails
        way.bring("1.1", 1, back=False)
        way.current()
    assert "\n" not in str(failed.value)


def test_a_version_is_a_word_for_the_shell_whatever_it_is(tmp_path: Path) -> None:
    way = commands(tmp_path)
    way.bring("1; touch harm", 1, back=True)
    assert way.current() == "1; touch harm"
    assert not (tmp_path / "harm").exists()


def sandbox(folder: Path, **given: Any) -> DeclaredSandbox:
    own = Project("ours", folder, folder / "compose.yaml", "unix:///nowhere.sock")
    services = {"web": DeclaredService(may=(Act.SET,)), "worker": DeclaredService(may=(Act.SET, Act.SCALE))}
    return DeclaredSandbox(own, folder / ".drills", services, **given)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"kind": "change-setting", "setting": "POOL_SIZE", "value": 1}, None),
        ({"kind": "change-setting", "setting": "DEBUG", "value": 1}, "of web and worker; write service: web"),
        ({"kind": "change-setting", "setting": "DEBUG", "value": True, "service": "worker"}, None),
        ({"kind": "deploy-release", "release": "1.1"}, "sandbox.services.web.may does not name deploy"),
        ({"kind": "scale-service", "service": "web", "replicas": 2}, "sandbox.services.web.may does not name scale"),
        ({"kind": "scale-service", "service": "worker", "replicas": 2}, None),
        ({"kind": "stress-cpu", "service": "worker/1"}, "sandbox.services.worker.may does not name stress"),
        ({"kind": "resize-service", "service": "web", "cpus": 0.5}, "may does not name resize"),
        ({"kind": "restart-service", "service": "web"}, "may does not name restart"),
        ({"kind": "fill-disk", "service": "web"}, "drills.yaml names none, as disk of one of sandbox.services"),
        ({"kind": "pause-replica", "service": "worker/1"}, "sandbox.services.worker.may does not name pause"),
        ({"kind": "pause-replica", "replica": 1}, "sandbox.services.web.may does not name pause"),
    ],
)  # fmt: skip
def test_only_what_is_declared_and_allowed_can_be_changed(
    tmp_path: Path, fault: dict[str, object], said: str | None
) -> None:
    own = sandbox(
        tmp_path,
        releases=ReleaseDeclaration.model_validate(COMMANDS),
        settings={"web": ("POOL_SIZE", "DEBUG"), "worker": ("DEBUG",)},
    )
    why = lacking([fault_of(FaultSpec.model_validate(fault))], own)
    assert why is None if said is None else said in (why or "")


def test_what_is_not_declared_is_lacking(tmp_path: Path) -> None:
    for fault, where in (
        ({"kind": "deploy-release", "release": "1"}, "sandbox.releases"),
        ({"kind": "change-setting", "setting": "A", "value": "1"}, "sandbox.settings"),
    ):
        why = lacking([fault_of(FaultSpec.model_validate(fault))], sandbox(tmp_path))
        assert f"drills.yaml declares none, in {where}" in (why or "")


def test_a_service_that_is_not_declared_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"sandbox\.settings\.wob: there is no service 'wob'; did you mean web\?"):
        sandbox(tmp_path, settings={"wob": ("A",)})


def test_validate_tells_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "drills.yaml").write_text(
        "playbook: fastapi\nsandbox:\n  services:\n    web: {}\n"
        "  releases: {service: wob, image: x/web, tags: ['1']}\n  settings:\n    job: [A]\n"
    )
    told = [str(each) for each in validate(tmp_path) if not each.warning]
    assert "drills.yaml:5: sandbox.releases.service: there is no service 'wob'; did you mean web?" in told
    assert "drills.yaml:7: sandbox.settings.job: there is no service 'job'; known: web" in told


@pytest.mark.parametrize(
    ("about", "options", "said"),
    [
        ({"HostConfig": {"Tmpfs": {"/data": "size=8m"}}}, {}, None),
        ({"HostConfig": {"Tmpfs": {"/data": "mode=700"}}}, {}, "the tmpfs at /data has no size"),
        ({}, {}, "/data/files is on the container's own disk"),
        ({"Mounts": [{"Type": "bind", "Destination": "/data"}]}, {}, "the bind at /data has no size of its own"),
        ({"Mounts": [{"Type": "volume", "Name": "v", "Destination": "/data"}]}, {}, "the volume at /data has no size"),
        ({"Mounts": [{"Type": "volume", "Name": "v", "Destination": "/data"}]}, {"o": "uid=1,size=64m"}, None),
        (
            {
                "Mounts": [{"Type": "tmpfs", "Destination": "/data"}],
                "HostConfig": {"Mounts": [{"Target": "/data", "TmpfsOptions": {"SizeBytes": 1}}]},
            },
            {},
            None,
        ),
        ({"Mounts": [{"Type": "tmpfs", "Destination": "/database"}]}, {}, "on the container's own disk"),
    ],
)
def test_only_a_disk_with_a_bound_is_filled(
    about: Mapping[str, Any], options: dict[str, str], said: str | None
) -> None:
    why = unbounded("/data/files", about, options)
    assert why is None if said is None else said in (why or "")


@pytest.mark.parametrize(
    ("chosen", "reached"), [("", "172.18.0.2:8000"), ("0", "172.18.0.2:8000"), ("80", "127.0.0.1:80")]
)
def test_a_port_that_the_engine_chooses_is_not_kept(chosen: str, reached: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    one = Container("1", "x-web-1", "web", 1, "running", "Up", "sha256:0", {}, {8000: 80}, address="172.18.0.2")
    about = {"HostConfig": {"PortBindings": {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": chosen}]}}}
    assert lasting_host_port(DeclaredService(adapter=Adapter.HTTP, port=8000), [one], lambda _: about) == reached
