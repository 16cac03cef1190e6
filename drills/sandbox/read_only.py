"""Whether a statement or a command is read-only. An action of the responder is told from a diagnosis by this.

A recovery is a responder's merit only when something was changed before it: so what only reads must not pass for an
action, and a session that is ended must not pass for a diagnosis because the statement is written as a SELECT.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_LITERALS_AND_COMMENTS = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_READS = re.compile(r"\W*(select|with|show|explain|table|values)\b")
_ACTS = re.compile(
    r"\b(insert|update|delete|merge|truncate|create|alter|drop|lock|grant|revoke|vacuum|reindex|cluster|call|into"
    r"|pg_(terminate|cancel)_backend|pg_reload_conf|pg_promote|pg_(try_)?advisory_\w+|set_config|nextval|setval"
    r"|pg_(create|drop|advance|copy)_\w*replication_slot\w*|pg_switch_wal)\b"
)

_REDIS_READS = frozenset(
    {
        *("PING", "INFO", "TIME", "DBSIZE", "SCAN", "KEYS", "EXISTS", "TYPE", "TTL", "PTTL"),
        *("GET", "MGET", "STRLEN", "HGET", "HGETALL", "LLEN", "LRANGE", "SCARD", "SMEMBERS"),
    }
)
_REDIS_READS_WITH = {
    "CONFIG": frozenset({"GET"}),
    "CLIENT": frozenset({"LIST", "INFO", "ID", "GETNAME"}),
    "SLOWLOG": frozenset({"GET", "LEN"}),
    "MEMORY": frozenset({"STATS", "USAGE", "DOCTOR"}),
    "LATENCY": frozenset({"DOCTOR", "HISTORY", "LATEST"}),
}


def sql_is_read_only(statement: str) -> bool:
    """Whether an SQL statement changes nothing, neither data nor settings nor anybody's session."""
    bare = _LITERALS_AND_COMMENTS.sub(" ", statement).lower()
    return _READS.match(bare) is not None and _ACTS.search(bare) is None


def redis_is_read_only(words: Sequence[str]) -> bool:
    """Whether a Redis command changes nothing."""
    command, *rest = [word.upper() for word in words] or [""]
    return command in _REDIS_READS or bool(rest and rest[0] in _REDIS_READS_WITH.get(command, ()))
