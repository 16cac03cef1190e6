"""Checks what drills need on this machine and says how to fix what is missing. Changes nothing."""

from __future__ import annotations

from drills.doctor.check import Check
from drills.doctor.containers import check_engine
from drills.doctor.local_servers import look_for_servers
from drills.doctor.machine import check_machine
from drills.workspace.config import Driver
from drills.workspace.workspace import Workspace

__all__ = ["Check", "examine"]


def examine(workspace: Workspace) -> tuple[Check, ...]:
    """The machine, and what the workspace's driver needs: of `auto` both, and the engine may be missing then."""
    driver = workspace.config.sandbox.driver
    checks = check_machine(workspace.home, workspace.state_dir)
    if driver is not Driver.COMPOSE:
        checks += look_for_servers()
    if driver is not Driver.LOCAL:
        checks += check_engine(workspace, needed=driver is Driver.COMPOSE)
    return checks
