"""What is known of a service with `adapter: mysql`: MySQL or MariaDB."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from drills.sandbox.adapters.adapter import SECONDS, ServiceAdapter, url_with_database

if TYPE_CHECKING:
    from drills.sandbox.adapters.mysql.database import Mysql
    from drills.sandbox.declared.declaration import DeclaredService


class MysqlAdapter(ServiceAdapter):
    port: ClassVar[int] = 3306

    def url(self, service: DeclaredService, reached_at: str) -> str:
        return url_with_database("mysql", service, "root", "mysql", reached_at)

    def silence(self, service: DeclaredService, reached_at: str) -> str | None:
        from drills.sandbox.adapters.mysql.connection import silence

        return silence(self.url(service, reached_at), timeout=SECONDS)

    @property
    def database(self) -> Callable[[str, str], Mysql]:
        from drills.sandbox.adapters.mysql.database import Mysql

        return Mysql
