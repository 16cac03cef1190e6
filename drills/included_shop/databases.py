"""The shop's database, asked and brought back as its owner."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from drills.errors import BadInput, NotSupported
from drills.included_shop.backups import ShopBackups
from drills.included_shop.database.restoring import DatabaseRestorer
from drills.included_shop.names import Service
from drills.sandbox import direct
from drills.sandbox.adapters.postgres.database import Postgres
from drills.sandbox.capabilities.database import Dumps
from drills.sandbox.fingerprint import differences

_PASSWORD = "database_password"


class ShopDatabases:
    """See `drills.sandbox.capabilities.database.Databases`: there is one.

    `url` is empty while the sandbox is down, `owner_url` refuses then. `settings` has the app's password, `dumps`
    what lies beside the data on its disk, and `restart` restarts it.
    """

    def __init__(
        self,
        owner_url: Callable[[], str],
        url: Callable[[], str],
        shop_root: Path,
        backups: ShopBackups,
        settings: Callable[[], Mapping[str, str]],
        dumps: Callable[[], Mapping[str, str]],
        restart: Callable[[], None],
    ) -> None:
        self._owner_url = owner_url
        self._url = url
        self._shop_root = shop_root
        self._backups = backups
        self._settings = settings
        self._dumps = dumps
        self._restart = restart

    def dumps(self, service: str | None = None) -> Dumps:  # noqa: ARG002 - of none
        raise NotSupported("the included system has backups: drills sandbox back-up, and load-backup")

    def of(self, service: str | None = None) -> Postgres:
        if service not in (None, Service.DATABASE):
            raise BadInput(f"{service} does not answer SQL; {Service.DATABASE} does")
        return Postgres(Service.DATABASE, self._url(), self._sql)

    def _sql(self, statement: str, *, timeout: float = 30.0) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        return direct.query(self._owner_url(), statement, timeout=timeout)

    # --- the state before and after a drill

    def state(self) -> Mapping[str, Any]:
        """Indexes, columns, roles, settings, rows of a new database …, and the names of dumps on its disk."""
        return {**self._restorer.read(self._settings().get(_PASSWORD, "")), "dumps": dict(self._dumps())}

    def restore(self, state: Mapping[str, Any], password: str | None = None) -> tuple[str, ...]:
        """`password` is the app's, unless the present settings have it. A state of one that was down is not restored.

        Parts that the state lacks, because an older version read it, stay as they are. Dumps are the disk's.
        """
        if "indexes" not in state:
            return ()
        before = self.state()
        if self._restorer.restore(state, self._settings().get(_PASSWORD, "") if password is None else password):
            self._restart()
        return differences("database", before, {**before, **state})

    def restore_with(self, state: Mapping[str, Any], settings: Mapping[str, str]) -> tuple[str, ...]:
        """The same, for an app that is to run with these settings."""
        return self.restore(state, settings.get(_PASSWORD, ""))

    @property
    def _restorer(self) -> DatabaseRestorer:
        return DatabaseRestorer(self._owner_url(), self._shop_root, self._backups.files)
