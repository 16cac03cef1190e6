"""A partner's API key has leaked, and a stranger fetches all customers with it, again and again.

The stranger is a program of its own (`drills.background.pages`) that outlives the runner and is ended by its mark. It
speaks to loopback only, under an address of the ranges kept for documentation.
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, PrivateAttr

from drills.background.job import PageJob
from drills.errors import EnvironmentFailed
from drills.faults.detached import launch
from drills.faults.fault import Fault, FaultImpossible, UndoPlan
from drills.included_shop.faults.app_address import app_on_loopback
from drills.included_shop.names import Service
from drills.processes.mark import new_mark
from drills.sandbox.adapters.postgres.rows import SavedRows, save
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.services import Running
from drills.sandbox.sandbox import Sandbox

#: The slowest stranger asks once a second.
_LATELY = "3 seconds"
#: RFC 5737: addresses that nobody has.
_DOCUMENTATION = tuple(map(ipaddress.ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")))


def _documented(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        raise ValueError(f"{address!r} is not an address; write one such as 203.0.113.7") from None
    if not any(found in network for network in _DOCUMENTATION):
        raise ValueError(f"{address} may be somebody's; write one of the ranges for documentation: 203.0.113.7")
    return address


class MisuseKey(Fault):
    """`{kind: misuse-key, requests-per-second: 40}`

    Revoking the key and ending its sessions is the remedy: the stranger goes on, and is refused.
    """

    kind: ClassVar[str] = "misuse-key"
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.SQL})
    trial = {"requests-per-second": 5}

    key: Annotated[str, Field(pattern=r"^pk_[a-z0-9]{1,40}$", description="Its id.")] = "pk_lantern"
    requests_per_second: Annotated[float, Field(ge=1, le=200)] = 40.0
    address: Annotated[str, AfterValidator(_documented), Field(description="The stranger's.")] = "203.0.113.7"
    agent: Annotated[str, Field(pattern=r"^[\x20-\x7e]{1,80}$", description="Their User-Agent.")] = (
        "python-requests/2.31.0"
    )
    _mark: str = PrivateAttr(default_factory=new_mark)

    def summary(self) -> str:
        return f"fetch customers with the leaked key {self.key}, {self.requests_per_second:g} times a second"

    def check(self, sandbox: Sandbox) -> None:
        app_on_loopback(sandbox)
        if self.key not in _keys():
            raise FaultImpossible(f"there is no key {self.key}; known: {', '.join(sorted(_keys()))}")
        _, rows = sandbox.database.sql(f"SELECT revoked_at IS NULL FROM api_keys WHERE id = '{self.key}'")
        if not rows or not rows[0][0]:
            raise FaultImpossible(f"the key {self.key} is revoked already")
        lately = f"address = '{self.address}' AND at > now() - interval '{_LATELY}'"
        _, rows = sandbox.database.sql(f"SELECT EXISTS (SELECT FROM audit_log WHERE {lately})")
        if rows[0][0]:
            raise FaultImpossible(f"somebody at {self.address} uses a key already")

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:
        return {"mark": self._mark, "key": save(sandbox.database.sql, "api_keys", f"id = '{self.key}'").plan()}

    def apply(self, sandbox: Sandbox) -> None:
        key = _keys()[self.key]
        job = PageJob(sandbox.addresses["app"], key, self.requests_per_second, self.address, self.agent)
        launch(job, self._mark, what=self.summary())

    def verify(self, sandbox: Sandbox) -> str:  # noqa: ARG002 - the program itself is the evidence
        from drills.processes.leftovers import marked

        if not marked(self._mark):
            raise FaultImpossible("nobody uses the key")
        return f"{self.address} fetches customers with the key {self.key}"

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        from drills.processes.leftovers import end_marked

        end_marked(str(plan["mark"]))
        # What was revoked is valid again: the partner of the next drill has the same key.
        if _database_runs(sandbox) and _saved(plan).differing(sandbox.database.sql):
            _saved(plan).put_back(sandbox.database.sql)

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        from drills.processes.leftovers import marked

        if marked(str(plan["mark"])):
            raise EnvironmentFailed("the stranger who uses the key still runs")
        if not _database_runs(sandbox) or _saved(plan).differing(sandbox.database.sql):
            raise EnvironmentFailed("the key is not as it was")


def _keys() -> dict[str, str]:
    """The partners' keys by their ids."""
    from drills.included import included_root
    from drills.included_shop.definitions import shop_module

    return {partner.key_id: partner.key for partner in shop_module(included_root(), "partner_keys").PARTNERS}


def _saved(plan: UndoPlan) -> SavedRows:
    row = plan["key"]
    assert isinstance(row, dict)
    return SavedRows.of_plan(row)


def _database_runs(sandbox: Sandbox) -> bool:
    return any(s.name == Service.DATABASE and s.running is not Running.DOWN for s in sandbox.services.list())
