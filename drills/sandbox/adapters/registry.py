"""Every adapter by its name: a line for each that is included, and those that are added by entry points."""

from __future__ import annotations

from collections.abc import Iterable
from inspect import isclass
from typing import Any

from drills.kinds import Kinds
from drills.sandbox.adapters.adapter import ServiceAdapter

_INCLUDED = {
    "http": "drills.sandbox.adapters.http:HttpAdapter",
    "postgres": "drills.sandbox.adapters.postgres.adapter:PostgresAdapter",
    "mysql": "drills.sandbox.adapters.mysql.adapter:MysqlAdapter",
    "redis": "drills.sandbox.adapters.redis:RedisAdapter",
}


def _wrong(_name: str, adapter: Any) -> str | None:
    if not (isclass(adapter) and issubclass(adapter, ServiceAdapter)):
        return "it is not a subclass of drills.sandbox.adapters.adapter.ServiceAdapter"
    if not isinstance(getattr(adapter, "port", None), int):
        return f"{adapter.__name__} has no port, the number at which such a service listens"
    return None


ADAPTERS: Kinds[ServiceAdapter] = Kinds("drills.adapters", "an adapter", _INCLUDED, _wrong)


def adapter_of(name: str | None) -> ServiceAdapter:
    """The adapter of a service; that of one without any knows nothing but its port."""
    return ServiceAdapter() if name is None else ADAPTERS[name]()


def databases_among(names: Iterable[str | None]) -> tuple[str, ...]:
    """The adapters of databases: those that are included, and of `names` those of other distributions."""
    return tuple(name for name in _all(names) if adapter_of(name).database is not None)


def caches_among(names: Iterable[str | None]) -> tuple[str, ...]:
    """The adapters of caches, alike."""
    return tuple(name for name in _all(names) if adapter_of(name).cache is not None)


def _all(names: Iterable[str | None]) -> Iterable[str]:
    return dict.fromkeys((*_INCLUDED, *(name for name in names if name is not None)))
