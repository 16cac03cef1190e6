"""A persistent mapping: `put` returns a new one and leaves the old one as it is; it copies one small bucket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

V = TypeVar("V")

#: 10,000 probes make buckets of 40: copying one, and the tuple of buckets, takes about a microsecond.
_BUCKETS = 256
_EMPTY: tuple[dict[str, object], ...] = ({},) * _BUCKETS


class PersistentMap(Mapping[str, V], Generic[V]):
    """An immutable mapping of names, spread over buckets by hash, so that a change copies one bucket only."""

    __slots__ = ("_buckets", "_count")

    def __init__(self) -> None:
        self._buckets: tuple[dict[str, V], ...] = _EMPTY  # type: ignore[assignment]
        self._count = 0

    def put(self, name: str, value: V) -> PersistentMap[V]:
        """This mapping with `name` set to `value`."""
        index = hash(name) % _BUCKETS
        bucket = self._buckets[index].copy()
        new: PersistentMap[V] = PersistentMap.__new__(PersistentMap)
        new._count = self._count + (name not in bucket)
        bucket[name] = value
        buckets = list(self._buckets)
        buckets[index] = bucket
        new._buckets = tuple(buckets)
        return new

    def find(self, name: str) -> V | None:
        """The value of `name`, if it is there."""
        return self._buckets[hash(name) % _BUCKETS].get(name)

    def __getitem__(self, name: str) -> V:
        return self._buckets[hash(name) % _BUCKETS][name]

    def __iter__(self) -> Iterator[str]:
        for bucket in self._buckets:
            yield from bucket

    def __len__(self) -> int:
        return self._count
