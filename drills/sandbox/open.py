"""Which driver a workspace's sandbox has."""

from __future__ import annotations

from drills.errors import BadInput
from drills.included import included_root
from drills.sandbox.local.sandbox import LocalSandbox
from drills.sandbox.protocol import Sandbox
from drills.workspace.workspace import Workspace

DRIVERS = ("local",)


def open_sandbox(workspace: Workspace) -> Sandbox:
    """The workspace's sandbox, running or not. Raises BadInput for an unknown driver."""
    driver = workspace.config.sandbox.driver
    name = workspace.config.sandbox.name
    if driver != "local":
        raise BadInput(f"drills.yaml: sandbox.driver: {str(driver)!r} is not known; write {' or '.join(DRIVERS)}")
    return LocalSandbox(
        workspace.state_dir / "sandbox" / name,
        included_root(),
        name,
        cache_dir=workspace.state_dir / "cache",
    )
