"""What drills may do to a team's own services: what drills.yaml names, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from drills.faults.injection import lacking
from drills.faults.registry import fault_of
from drills.model.scenario import FaultSpec
from drills.sandbox.compose.project import Project
from drills.sandbox.declared.declaration import Act, Adapter, DeclaredService, refusal
from drills.sandbox.declared.sandbox import DeclaredSandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> DeclaredSandbox:
    own = Project("ours", tmp_path, tmp_path / "compose.yaml", "unix:///nowhere.sock")
    return DeclaredSandbox(
        own, tmp_path / ".drills", {"web": DeclaredService(), "db": DeclaredService(may=(Act.KILL,))}
    )


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"kind": "kill-service", "service": "db"}, None),
        ({"kind": "stop-service", "service": "db"}, "sandbox.services.db.may does not name stop"),
        ({"kind": "pause-service", "service": "web/2"}, "sandbox.services.web.may does not name pause"),
        ({"kind": "kill-service", "service": "dbb"}, "in drills.yaml, sandbox.services; did you mean db?"),
        ({"kind": "hold-locks", "table": "orders"}, "sandbox.services names none with adapter: mysql or postgres"),
        ({"kind": "link-down", "link": "app-cache"}, "lacks links, needed by link-down"),
    ],
)  # fmt: skip
def test_only_what_is_named_may_be_broken(sandbox: DeclaredSandbox, fault: dict[str, object], said: str | None) -> None:
    why = lacking([fault_of(FaultSpec.model_validate(fault))], sandbox)
    assert why is None if said is None else said in (why or "")


TWO = {
    "pg": DeclaredService(adapter=Adapter.POSTGRES, may=(Act.SQL,)),
    "maria": DeclaredService(adapter=Adapter.MYSQL),
    "cache": DeclaredService(adapter=Adapter.REDIS, may=(Act.FILL,)),
}


@pytest.mark.parametrize(
    ("service", "act", "said"),
    [
        ("pg", "sql", None),
        ("maria", "sql", "sandbox.services.maria.may does not name sql"),
        ("cache", "sql", "cache does not have the adapter mysql or postgres; pg, maria has it"),
        ("pgg", "sql", "there is no service 'pgg' in drills.yaml, sandbox.services; did you mean pg?"),
        ("", "sql", "there are 2 with the adapter mysql or postgres; say which: service: pg, or maria"),
        ("", "fill", None),
    ],
)  # fmt: skip
def test_a_service_that_is_not_named_is_the_only_one(service: str, act: str, said: str | None) -> None:
    why = refusal(TWO, service, act)
    assert why is None if said is None else said in (why or "")
