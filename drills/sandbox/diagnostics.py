"""The questions that one asks first in an incident, and how to ask them of a sandbox. Nothing is changed by them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from drills.errors import DrillsError
from drills.sandbox.link_condition import condition
from drills.sandbox.sandbox import Sandbox
from drills.sandbox.text_table import text_table

#: What of each section of Redis' INFO is worth a line; all of it where nothing is named.
CACHE_FIGURES = {
    "clients": ("connected_clients", "blocked_clients", "maxclients"),
    "memory": ("used_memory_human", "maxmemory_human", "maxmemory_policy", "mem_fragmentation_ratio"),
    "stats": ("evicted_keys", "expired_keys", "keyspace_hits", "keyspace_misses", "rejected_connections"),
    "keyspace": (),
}
#: How far back logs and changes are of interest, unless one says since when.
BACK = timedelta(minutes=15)
LOG_LINES = 40
_SQL_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One question; `ask` gives the answer's lines, or raises DrillsError when there is none."""

    area: str
    question: str
    ask: Callable[[Sandbox], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """`failed`: there was no answer; the lines say why."""

    diagnostic: Diagnostic
    lines: tuple[str, ...]
    failed: bool = False


def ask_all(sandbox: Sandbox, back: timedelta = BACK) -> list[Answer]:
    """Every question in turn; one that is not answered keeps none of the others back.

    Logs and changes are read as far `back` as that.
    """
    answers = []
    for diagnostic in diagnostics(sandbox.service_names, back):
        try:
            answers.append(Answer(diagnostic, tuple(diagnostic.ask(sandbox))))
        except DrillsError as error:
            answers.append(Answer(diagnostic, (str(error),), failed=True))
    return answers


def _services(sandbox: Sandbox) -> Iterable[str]:
    for each in sandbox.services.list():
        yield f"{each.name:<14} {each.running.value:<8} {each.version:<8} {each.detail}".rstrip()


def _health(sandbox: Sandbox) -> Iterable[str]:
    for name, (good, said) in sandbox.health().items():
        yield f"{'ok  ' if good else 'FAIL'}  {name:<14} {said}"


def _changes(back: timedelta) -> Callable[[Sandbox], Iterable[str]]:
    def ask(sandbox: Sandbox) -> Iterable[str]:
        found = sandbox.changes.list(back)
        return [f"{change.at:%H:%M:%S} UTC  {change.what}" for change in found] or ["nothing was changed"]

    return ask


def _links(sandbox: Sandbox) -> Iterable[str]:
    for link in sandbox.links.list():
        yield f"{link.name:<18} {condition(link, toxics=False)}"


def _certificate(sandbox: Sandbox) -> Iterable[str]:
    found = sandbox.certificate.read()
    left = (found.not_after - datetime.now(UTC)).total_seconds() / 86_400
    state = f"{left:.1f} days left" if left > 0 else f"EXPIRED {-left:.1f} days ago"
    yield f"{', '.join(found.names)}: until {found.not_after:%Y-%m-%d %H:%M:%S} UTC, {state}"


def _stats(sandbox: Sandbox) -> Iterable[str]:
    for each in sandbox.resources.stats():
        memory = f"{each.memory_bytes / 2**20:.0f} MB"
        limit = "" if each.memory_limit is None else f" of {each.memory_limit / 2**20:.0f}"
        ends = f"restarts {each.restarts}  out-of-memory kills {each.oom_kills}"
        yield f"{each.name:<14} memory {memory}{limit}  cpu {each.cpu:.2f}  {ends}"


def _disk(sandbox: Sandbox) -> Iterable[str]:
    found = sandbox.disk.usage()
    yield f"{found.used / 2**20:.0f} of {found.total / 2**20:.0f} MB used, {found.free / 2**20:.0f} MB free"
    for name, size in sorted(found.entries.items(), key=lambda entry: -entry[1])[:4]:
        yield f"{size / 2**20:8.1f} MB  {name}"


def _rows(statement: str) -> Callable[[Sandbox], Iterable[str]]:
    def ask(sandbox: Sandbox) -> Iterable[str]:
        columns, rows = sandbox.database.sql(statement, timeout=_SQL_SECONDS)
        return text_table(columns, rows) if rows else ["none"]

    return ask


def _cache(sandbox: Sandbox) -> Iterable[str]:
    sandbox.cache.command("PING")
    yield "answers"
    for section, names in CACHE_FIGURES.items():
        info = sandbox.cache.command("INFO", section)
        yield from (f"{name}: {value}" for name, value in info.items() if not names or name in names)


def _slow_commands(sandbox: Sandbox) -> Iterable[str]:
    found = sandbox.cache.command("SLOWLOG", "GET", "5")
    return [f"{each['duration'] / 1000:.1f} ms  {_text(each['command'])[:100]}" for each in found] or ["none"]


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _errors_of(service: str, back: timedelta) -> Callable[[Sandbox], Iterable[str]]:
    def ask(sandbox: Sandbox) -> Iterable[str]:
        lines = [
            line
            for line in sandbox.services.logs(service, since=back)
            if any(word in line.lower() for word in ("error", "fatal", "panic", "critical", "warning"))
        ]
        return lines[-LOG_LINES:] or ["no errors"]

    return ask


def diagnostics(services: Sequence[str], back: timedelta) -> Sequence[Diagnostic]:
    """The questions, in the order of a report; what these services wrote and changes as far `back` as that."""
    return (
        Diagnostic("Sandbox", "What runs?", _services),
        Diagnostic("Sandbox", "Is every part healthy?", _health),
        Diagnostic("Sandbox", "What was changed lately?", _changes(back)),
        Diagnostic("Sandbox", "What does each part use?", _stats),
        Diagnostic(
            "Database",
            "Connections, by state",
            _rows(
                "SELECT state, application_name, count(*) FROM pg_stat_activity GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 12"
            ),
        ),
        Diagnostic(
            "Database",
            "Queries that have been running for longer than a second",
            _rows(
                "SELECT pid, now() - query_start AS running, state, left(query, 70) AS query FROM pg_stat_activity"
                " WHERE state <> 'idle' AND now() - query_start > interval '1 second' ORDER BY 2 DESC LIMIT 10"
            ),
        ),
        Diagnostic(
            "Database",
            "Who waits for whom",
            _rows(
                "SELECT pid, pg_blocking_pids(pid) AS blocked_by, wait_event, left(query, 60) AS query"
                " FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0 LIMIT 10"
            ),
        ),
        Diagnostic(
            "Database",
            "The largest tables",
            _rows(
                "SELECT relname, pg_size_pretty(pg_total_relation_size(relid)) AS size, n_live_tup AS rows, seq_scan,"
                " idx_scan FROM pg_stat_user_tables ORDER BY pg_total_relation_size(relid) DESC LIMIT 8"
            ),
        ),
        Diagnostic("Database", "Its disk", _disk),
        Diagnostic("Cache", "Does it answer, whom does it serve, and what does it hold?", _cache),
        Diagnostic("Cache", "Slow commands", _slow_commands),
        Diagnostic("Network", "The links between services", _links),
        Diagnostic("Network", "The certificate", _certificate),
        *(
            Diagnostic("Logs", f"What does {service} complain about?", _errors_of(service, back))
            for service in services
        ),
    )
