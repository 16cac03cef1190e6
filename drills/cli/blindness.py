"""What tells the truth about scenarios is refused while somebody on this machine practises one blind."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drills.workspace.workspace import Workspace

#: The environment variable that a practice runs with, so that commands in other workspaces know of it.
PRACTICE = "DRILLS_PRACTICE"


def blind_drill(place: Workspace) -> str | None:
    """The id of the blind drill that runs on this workspace's sandbox; None when there is none."""
    from drills.cli.places import open_store
    from drills.store.holder import holder_of

    if holder_of(place.state_dir, place.config.sandbox.name) is None:
        return None
    store = open_store(place)
    try:
        record = store.running(place.config.sandbox.name)
    finally:
        store.close()
    return record.drill_id if record is not None and record.blind and record.runner.alive() else None


def refuse_while_blind(place: Workspace) -> None:
    """A story that is told beside its title gives a blind drill away, in a copy of its workspace too.

    Raises BadInput while a blind drill runs on this sandbox, or a practice anywhere on this machine.
    """
    from drills.errors import BadInput
    from drills.processes.leftovers import with_variable

    if (drill_id := blind_drill(place)) is not None:
        raise BadInput(f"{drill_id} is a blind drill and still going on; scenarios are shown when it has ended")
    if practising := with_variable(PRACTICE):
        raise BadInput(
            f"somebody practises blind on this machine (process {practising[0][0].pid}); scenarios are shown when"
            " that has ended"
        )
