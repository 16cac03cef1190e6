"""Whether a service answers, asked in the way of its technology; each question ends within seconds."""

from __future__ import annotations

from drills.sandbox.adapters.registry import adapter_of
from drills.sandbox.declared.declaration import DeclaredService


def answers(service: DeclaredService, reached_at: str) -> str | None:
    """Why it does not answer at `host:port`; None when it does."""
    return adapter_of(service.adapter).silence(service, reached_at)
