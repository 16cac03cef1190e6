"""Names in the settings of faults.

Names that go into SQL are validated, so that they need no quoting.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

#: A table or an index exactly as the database has it, with or without its schema: `orders`, `public.Orders`.
SqlName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$", max_length=127)]

#: A session's application name in pg_stat_activity. The responder sees it, so it should look like a job of the system.
ApplicationName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)]

#: A role of the database.
RoleName = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*$", max_length=63)]

#: A service of the sandbox by the name that its owner gave it, or one replica of it: `database`, `app/2`.
ServiceName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+(/[1-9][0-9]*)?$", max_length=128)]

#: A link of the sandbox: `web-db`.
LinkName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=128)]

#: A service as a whole: `web`.
WholeServiceName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=128)]
