"""Limits how many checks run at once, so that hanging targets never delay the checks of healthy ones.

due ──► fast lane ──(still running after a while, and its slot is needed)──► slow lane
due, and its last check was slow ──────────────────────────────────────────► slow lane
"""

from __future__ import annotations


class Lanes:
    """Slots for checks, which are identified by an index. Each check holds one slot from `enter` to `leave`."""

    def __init__(self, *, fast: int, slow: int, slow_after: float = 0.5) -> None:
        self._fast_limit = fast
        self._slow_limit = slow
        self._fast: dict[int, float] = {}
        self._slow: set[int] = set()
        self.slow_after = slow_after

    def __len__(self) -> int:
        return len(self._fast) + len(self._slow)

    def enter(self, index: int, now: float, *, slow: bool) -> bool:
        """Take a slot; False when none is free. `slow`: its last check was slow, so it may not take a fast slot."""
        if slow:
            if len(self._slow) >= self._slow_limit:
                return False
            self._slow.add(index)
            return True
        if len(self._fast) >= self._fast_limit and not self._make_room(now):
            return False
        self._fast[index] = now
        return True

    def leave(self, index: int) -> None:
        """Release the slot."""
        if self._fast.pop(index, None) is None:
            self._slow.discard(index)

    def _make_room(self, now: float) -> bool:
        oldest, since = next(iter(self._fast.items()))
        if now - since < self.slow_after or len(self._slow) >= self._slow_limit:
            return False
        del self._fast[oldest]
        self._slow.add(oldest)
        return True
