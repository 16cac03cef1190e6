"""Roles of PostgreSQL and their passwords, as pg_authid keeps them: only a superuser may read that."""

from __future__ import annotations

from drills.errors import EnvironmentFailed
from drills.sandbox.adapters.postgres.literals import literal
from drills.sandbox.capabilities.database import ASK_SECONDS, Ask


class PostgresRoles:
    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def refusal(self, role: str) -> str | None:
        _, rows = self._ask(
            f"SELECT rolsuper, rolpassword IS NULL FROM pg_authid WHERE rolname = '{role}'", timeout=ASK_SECONDS
        )
        if not rows:
            return f"there is no role {role}"
        superuser, without = rows[0]
        if superuser:
            return f"{role} is a superuser: it is needed to repair the database"
        return f"{role} has no password that could be rotated" if without else None

    def credential(self, role: str) -> str:
        _, rows = self._ask(f"SELECT rolpassword FROM pg_authid WHERE rolname = '{role}'", timeout=ASK_SECONDS)
        if not rows or rows[0][0] is None:
            raise EnvironmentFailed(f"there is no role {role} with a password")
        return str(rows[0][0])

    def set_password(self, role: str, password: str) -> None:
        self._ask(f"ALTER ROLE {role} PASSWORD {literal(password)}", timeout=ASK_SECONDS)

    def set_credential(self, role: str, credential: str) -> None:
        """PostgreSQL takes what is hashed already as it is."""
        self._ask(f"ALTER ROLE {role} PASSWORD {literal(credential)}", timeout=ASK_SECONDS)

    def end_sessions(self, role: str) -> None:
        self._ask(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'", timeout=ASK_SECONDS
        )
