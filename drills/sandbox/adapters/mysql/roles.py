"""Users of MySQL and their passwords. A user is one account for each host that it may come from."""

from __future__ import annotations

from contextlib import suppress

from drills.errors import BadInput, EnvironmentFailed
from drills.sandbox.adapters.mysql.literals import literal, quoted
from drills.sandbox.capabilities.database import ASK_SECONDS, Ask


class MysqlRoles:
    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def refusal(self, role: str) -> str | None:
        accounts = self._accounts(role)
        if not accounts:
            return f"there is no user {role}"
        _, rows = self._ask(
            f"SELECT count(*) FROM mysql.user WHERE user = {literal(role)} AND super_priv = 'Y'", timeout=ASK_SECONDS
        )
        return f"{role} has the privilege SUPER: it is needed to repair the database" if rows[0][0] else None

    def credential(self, role: str) -> str:
        """One statement a line, each of which gives an account the password that it has now."""
        made = [self._made(account) for account in self._accounts(role)]
        if not made:
            raise EnvironmentFailed(f"there is no user {role}")
        return "\n".join(made)

    def set_password(self, role: str, password: str) -> None:
        for account in self._accounts(role):
            self._ask(f"ALTER USER {account} IDENTIFIED BY {quoted(password)}", timeout=ASK_SECONDS)

    def set_credential(self, role: str, credential: str) -> None:  # noqa: ARG002 - the statements name it
        for statement in credential.splitlines():
            self._ask(statement, timeout=ASK_SECONDS)

    def end_sessions(self, role: str) -> None:
        _, rows = self._ask(
            f"SELECT id FROM information_schema.processlist WHERE user = {literal(role)} AND id <> CONNECTION_ID()",
            timeout=ASK_SECONDS,
        )
        for (session,) in rows:
            with suppress(BadInput):  # It has ended by itself meanwhile.
                self._ask(f"KILL {session}", timeout=ASK_SECONDS)

    def _accounts(self, role: str) -> list[str]:
        _, rows = self._ask(
            f"SELECT user, host FROM mysql.user WHERE user = {literal(role)} ORDER BY host", timeout=ASK_SECONDS
        )
        return [f"{quoted(str(user))}@{quoted(str(host))}" for user, host in rows]

    def _made(self, account: str) -> str:
        """`CREATE USER … IDENTIFIED …` as the server writes it is what ALTER USER takes as well."""
        _, rows = self._ask(f"SHOW CREATE USER {account}", timeout=ASK_SECONDS)
        return str(rows[0][0]).replace("CREATE USER", "ALTER USER", 1)
