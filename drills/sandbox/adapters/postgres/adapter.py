"""What is known of a service with `adapter: postgres`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from drills.sandbox.adapters.adapter import ServiceAdapter, asked, url_with_database

if TYPE_CHECKING:
    from drills.sandbox.adapters.postgres.database import Postgres
    from drills.sandbox.declared.declaration import DeclaredService

#: SSLRequest (Frontend/Backend Protocol, "SSLRequest"): answered by one byte before any login.
_SSL_REQUEST = bytes([0, 0, 0, 8, 0x04, 0xD2, 0x16, 0x2F])


class PostgresAdapter(ServiceAdapter):
    port: ClassVar[int] = 5432

    def url(self, service: DeclaredService, reached_at: str) -> str:
        return url_with_database("postgresql", service, "postgres", "postgres", reached_at)

    def silence(self, _service: DeclaredService, reached_at: str) -> str | None:
        return asked(reached_at, _SSL_REQUEST, (b"S", b"N"))

    @property
    def database(self) -> Callable[[str, str], Postgres]:
        from drills.sandbox.adapters.postgres.database import Postgres

        return Postgres
