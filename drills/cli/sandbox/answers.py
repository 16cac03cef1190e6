"""How `drills sandbox …` shows what the sandbox answers: services, settings, rows, and what Redis says."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from drills.app.sandbox.state import text_table
from drills.cli.terminal import echo

if TYPE_CHECKING:
    from datetime import datetime

    from drills.app.sandbox.state import LinkShown, ServiceStatus


def print_services(services: Sequence[ServiceStatus]) -> None:
    for service in services:
        words = f"{service.name:<14} {service.running.value:<8} {service.version:<22} {service.address:<28}"
        echo(f"{words} {service.detail}".rstrip())


def link_line(link: LinkShown) -> str:
    """A link's state: `web-db  CUT  web → db:5432`."""
    line = f"{link.name}  {link.condition}  {link.listen} → {link.upstream}"
    return f"{line}  {link.detail}" if link.detail else line


def shown_settings(settings: Mapping[str, str | None], secret: Collection[str]) -> list[tuple[str, str]]:
    """In order of their names, the secret ones masked; one that is empty, or not set, says so."""
    return [(name, _shown(value, secret=name in secret)) for name, value in sorted(settings.items())]


def _shown(value: str | None, *, secret: bool) -> str:
    if value is None:
        return "(not set)"
    return "•••" if secret and value else value or "''"


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    for line in text_table(columns, rows):
        echo(line)


def megabytes(count: int) -> str:
    """Bytes, for people."""
    return f"{count / 2**20:.1f} MB"


def moment(at: datetime, now: datetime) -> str:
    """A time of day, and how long ago that was: `14:02:11 UTC, 3 m 05 s ago`."""
    from drills.model.durations import humane

    return f"{at:%H:%M:%S} UTC, {humane((now - at).total_seconds())} ago"


def readable(answer: Any) -> str:
    """An answer of Redis as lines."""
    if isinstance(answer, bytes):
        return answer.decode(errors="replace")
    if isinstance(answer, Mapping):
        return "\n".join(f"{key}: {readable(value)}" for key, value in answer.items())
    if isinstance(answer, list | tuple):
        return "\n".join(readable(item) for item in answer)
    return str(answer)


def plain(value: Any) -> Any:
    """For `json.dumps`: what it cannot write by itself."""
    return dict(value) if isinstance(value, Mapping) else str(value)
