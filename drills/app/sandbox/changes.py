"""Changes that must query the sandbox first: links by name, the last migration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from drills.app.sandbox.state import shown_links
from drills.errors import BadInput, NotSupported

if TYPE_CHECKING:
    from drills.app.context import Context
    from drills.app.sandbox.state import LinkShown
    from drills.sandbox.sandbox import Sandbox


def change_link(sandbox: Sandbox, name: str | None, *, cut: bool | None = None, direct: bool = False) -> None:
    """Cut a link (`cut`) or open it again (False); with `direct`, connect without Toxiproxy again. None: no change.

    Raises BadInput for a name that is missing or unknown, NotSupported for a link that must not be cut.
    """
    from drills.nearest import suggest

    known = [status.name for status in sandbox.links.list()]
    if name is None:
        if cut is not None or direct:
            raise BadInput(f"name the link; {suggest('', known)}")
        return
    if name not in known:
        raise BadInput(f"there is no link {name!r}; {suggest(name, known)}")
    if cut is not None:
        if cut and (why := sandbox.refusal(name, "cut")) is not None:
            raise NotSupported(why)
        sandbox.links.set(name, enabled=not cut)
    if direct:
        sandbox.links.take_out([name])


def links(context: Context, sandbox: Sandbox, name: str | None = None) -> Sequence[LinkShown]:
    """The state of this link, or of all."""
    return [each for each in shown_links(context, sandbox) if name in (None, each.name)]


def revert_last_migration(sandbox: Sandbox) -> Sequence[str]:
    """Revert the last migration; the versions that were reverted. Raises BadInput when none is applied."""
    versions = [each.version for each in sandbox.migrations.list() if each.applied_at is not None]
    if not versions:
        raise BadInput("no migration is applied; there is none to revert")
    return sandbox.migrations.migrate(versions[-2] if len(versions) > 1 else "0000")
