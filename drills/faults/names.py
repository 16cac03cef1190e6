"""Names in the settings of faults, and how texts are put into SQL.

The form of names that go into SQL is checked, so that they need no quoting.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from drills.nearest import suggest
from drills.sandbox.protocol import Service

_REPLICA = r"app/([1-9]|1[0-6])"

#: A table or an index as PostgreSQL folds it, with its schema or without: `orders`, `public.orders`.
SqlName = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$", max_length=127)]

#: What a session calls itself in pg_stat_activity. The responder sees it: let it sound like a job of the shop.
ApplicationName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)]

#: A role of the database.
RoleName = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*$", max_length=63)]


def _known_service(name: str) -> str:
    if name not in set(Service) and not re.fullmatch(_REPLICA, name):
        raise ValueError(f"{name!r} is not known here; {suggest(name, [*Service, f'{Service.APP}/1'])}")
    return name


#: A service of the sandbox, or one replica of the app: `database`, `app/2`.
ServiceName = Annotated[
    str,
    AfterValidator(_known_service),
    WithJsonSchema(
        {"anyOf": [{"enum": [service.value for service in Service]}, {"type": "string", "pattern": f"^{_REPLICA}$"}]}
    ),
]


def literal(text: str) -> str:
    """A text as SQL writes it, whatever is in it but a NUL and whatever the server's settings are."""
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
