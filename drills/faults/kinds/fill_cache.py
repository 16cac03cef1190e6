"""A job of reports fills the cache to its limit, and the cache may not forget anything: writes are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from drills.errors import BadInput, EnvironmentFailed
from drills.faults.fault import Fault, FaultImpossible, UndoPlan
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.sandbox import Sandbox

_KEY_BYTES = 256 * 1024
_KEYS_PER_MEGABYTE = 2**20 // _KEY_BYTES
#: How far the limit lies below what is used: entries of the shop that expire make no room for others.
_MARGIN_BYTES = 2**20
_POLICY, _LIMIT = "maxmemory-policy", "maxmemory"
_PROBE_KEY = "report:probe"


class FillCache(Fault):
    """`{kind: fill-cache, megabytes: 8}`

    Keys `report:0001`, `report:0002` … are written, `megabytes` in all, and the limit of the cache's memory is then
    at what is used, with the policy noeviction. Deleting the keys is a remedy, another policy or limit too.
    """

    kind: ClassVar[str] = "fill-cache"
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.CACHE})

    megabytes: Annotated[int, Field(ge=2, le=64)] = 8

    def summary(self) -> str:
        return f"fill the cache with {self.megabytes} MB of reports"

    def check(self, sandbox: Sandbox) -> None:
        if _present(sandbox, self._count):
            raise FaultImpossible("the cache holds reports already")

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:
        return {"keys": self._count, "settings": {name: _setting(sandbox, name) for name in (_POLICY, _LIMIT)}}

    def apply(self, sandbox: Sandbox) -> None:
        report = "r" * _KEY_BYTES
        for key in _keys(self._count):
            sandbox.cache.command("SET", key, report)
        sandbox.cache.command("CONFIG", "SET", _POLICY, "noeviction")
        sandbox.cache.command("CONFIG", "SET", _LIMIT, str(_used(sandbox) - _MARGIN_BYTES))

    def verify(self, sandbox: Sandbox) -> str:
        try:
            sandbox.cache.command("SET", _PROBE_KEY, "1", "PX", "1")
        except BadInput as refusal:
            return f"{self._count} reports are in the cache: {str(refusal)[:120]}"
        raise FaultImpossible("the cache still takes writes")

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        sandbox.cache.command("DEL", *_keys(_number(plan)))
        # The limit before the policy: in between, nothing is evicted that the policy before would have kept.
        for name in (_LIMIT, _POLICY):
            if _setting(sandbox, name) != _settings(plan)[name]:
                sandbox.cache.command("CONFIG", "SET", name, _settings(plan)[name])

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        if left := _present(sandbox, _number(plan)):
            raise EnvironmentFailed(f"the cache still holds {left} reports")
        for name, value in _settings(plan).items():
            if _setting(sandbox, name) != value:
                raise EnvironmentFailed(f"{name} of the cache is not {value} again")

    @property
    def _count(self) -> int:
        return self.megabytes * _KEYS_PER_MEGABYTE


def _keys(count: int) -> list[str]:
    return [f"report:{number:04}" for number in range(1, count + 1)]


def _present(sandbox: Sandbox, count: int) -> int:
    return int(sandbox.cache.command("EXISTS", *_keys(count)))


def _used(sandbox: Sandbox) -> int:
    """Bytes, as the limit counts them."""
    told = sandbox.cache.command("INFO", "memory")
    if isinstance(told, Mapping):
        return int(told["used_memory"])
    lines = dict(line.split(":", 1) for line in str(told).splitlines() if ":" in line)
    return int(lines["used_memory"])


def _setting(sandbox: Sandbox, name: str) -> str:
    told = sandbox.cache.command("CONFIG", "GET", name)
    pairs = told if isinstance(told, Mapping) else dict(zip(told[::2], told[1::2], strict=True))
    return str(pairs[name])


def _number(plan: UndoPlan) -> int:
    keys = plan["keys"]
    assert isinstance(keys, int)
    return keys


def _settings(plan: UndoPlan) -> dict[str, str]:
    settings = plan["settings"]
    assert isinstance(settings, dict)
    return {name: str(value) for name, value in settings.items()}
