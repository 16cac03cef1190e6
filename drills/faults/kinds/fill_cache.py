"""A job fills the cache up to its memory limit, and the cache may not evict anything: it refuses writes."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from drills.errors import BadInput, EnvironmentFailed
from drills.faults.fault import Fault, FaultImpossible, UndoPlan
from drills.faults.names import ServiceName
from drills.sandbox.capabilities.cache import Cache
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.sandbox import Sandbox

_KEY_BYTES = 256 * 1024
_KEYS_PER_MEGABYTE = 2**20 // _KEY_BYTES
#: How far below the used memory the limit is set: so expiring entries of the app make no room for others.
_MARGIN_BYTES = 2**20
_POLICY, _LIMIT = "maxmemory-policy", "maxmemory"
#: The prefix of keys in version 0.1.
_FORMER_PREFIX = "report:"


class FillCache(Fault):
    """`{kind: fill-cache, service: cache, megabytes: 8}`

    Keys `report:0001`, `report:0002` … are written, `megabytes` in all; then the cache's memory limit is set to
    what is used, with the policy noeviction. Remedies are deleting the keys, and another policy or limit. The keys
    begin with `prefix`; without `service` the target is the only cache of the sandbox.
    """

    kind: ClassVar[str] = "fill-cache"
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.CACHE})
    trial = {"megabytes": 4}

    service: ServiceName | None = Field(None, description="The cache; absent: the only one.")
    megabytes: Annotated[int, Field(ge=2, le=64)] = 8
    prefix: Annotated[str, Field(pattern=r"^[a-z][a-z0-9:_-]{0,39}$", description="The prefix of the keys.")] = (
        _FORMER_PREFIX
    )

    @property
    def affects(self) -> tuple[tuple[str, str], ...]:
        return ((self.service or "", "fill"),)

    def summary(self) -> str:
        return f"fill the cache with {self.megabytes} MB of keys {self.prefix}…"

    def check(self, sandbox: Sandbox) -> None:
        if _present(sandbox.caches.of(self.service), self._keys):
            raise FaultImpossible(f"the cache has keys {self.prefix}… already")

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:
        cache = sandbox.caches.of(self.service)
        return {
            "service": str(cache.service),
            "keys": len(self._keys),
            "prefix": self.prefix,
            "settings": {name: cache.setting(name) for name in (_POLICY, _LIMIT)},
        }

    def apply(self, sandbox: Sandbox) -> None:
        cache = sandbox.caches.of(self.service)
        value = "r" * _KEY_BYTES
        for key in self._keys:
            cache.command("SET", key, value)
        cache.set(_POLICY, "noeviction")
        cache.set(_LIMIT, str(cache.used_memory() - _MARGIN_BYTES))

    def verify(self, sandbox: Sandbox) -> str:
        try:
            sandbox.caches.of(self.service).command("SET", f"{self.prefix}probe", "1", "PX", "1")
        except BadInput as refusal:
            return f"{len(self._keys)} keys {self.prefix}… are in the cache: {str(refusal)[:120]}"
        raise FaultImpossible("the cache still takes writes")

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        cache = _cache_of(sandbox, plan)
        cache.command("DEL", *_keys(_prefix(plan), _number(plan)))
        # Restore the limit before the policy: otherwise entries could be evicted in between.
        for name in (_LIMIT, _POLICY):
            cache.set(name, _settings(plan)[name])

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        cache = _cache_of(sandbox, plan)
        if left := _present(cache, _keys(_prefix(plan), _number(plan))):
            raise EnvironmentFailed(f"the cache still has {left} of the keys {_prefix(plan)}…")
        for name, value in _settings(plan).items():
            if cache.setting(name) != value:
                raise EnvironmentFailed(f"{name} of the cache is not {value} again")

    @property
    def _keys(self) -> list[str]:
        return _keys(self.prefix, self.megabytes * _KEYS_PER_MEGABYTE)


def _keys(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{number:04}" for number in range(1, count + 1)]


def _present(cache: Cache, keys: list[str]) -> int:
    return int(cache.command("EXISTS", *keys))


def _cache_of(sandbox: Sandbox, plan: UndoPlan) -> Cache:
    service = plan.get("service")
    return sandbox.caches.of(None if service is None else str(service))


def _prefix(plan: UndoPlan) -> str:
    return str(plan.get("prefix", _FORMER_PREFIX))


def _number(plan: UndoPlan) -> int:
    keys = plan["keys"]
    assert isinstance(keys, int)
    return keys


def _settings(plan: UndoPlan) -> dict[str, str]:
    settings = plan["settings"]
    assert isinstance(settings, dict)
    return {name: str(value) for name, value in settings.items()}
