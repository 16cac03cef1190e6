"""What a sandbox does not have says so, whatever is asked of it."""

from __future__ import annotations

import pytest

from drills.errors import NotSupported
from drills.sandbox.adapters.registry import caches_among, databases_among
from drills.sandbox.capabilities.absent import absent
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.declared.declaration import DeclaredService
from drills.sandbox.declared.system import DeclaredSystem
from drills.sandbox.declared.undeclared import undeclared


def test_an_absent_capability_refuses_each_question_with_the_reason() -> None:
    backups = absent("there are none")
    for ask in (lambda: backups.list(), lambda: backups.load("nightly", "restored"), lambda: backups.folder):
        with pytest.raises(NotSupported, match="there are none"):
            ask()


def test_a_declared_system_lacks_what_it_does_not_declare() -> None:
    never = {Capability.CERTIFICATE, Capability.MIGRATIONS, Capability.BACKUPS}
    bare = DeclaredSystem(services={"db": DeclaredService()})
    assert undeclared(bare).keys() == never | {
        Capability.LINKS,
        Capability.RELEASES,
        Capability.SETTINGS,
        Capability.DISK,
    }
    richer = DeclaredSystem(services={"db": DeclaredService(disk="/data")}, settings={"db": ("LEVEL",)})
    assert undeclared(richer).keys() == never | {Capability.LINKS, Capability.RELEASES}


def test_an_adapter_that_opens_no_database_or_cache_is_none_of_them() -> None:
    assert databases_among(["http", None]) == ("postgres", "mysql")
    assert caches_among(["http", None]) == ("redis",)
