"""The service of a workspace: monitoring without a pause, and the drills of the calendar when they are due.

SandboxProber ──► Monitor ──► StoredAlerts          Timetable (APScheduler: wakes) ──► Claims (once)
              ◄── check_now        │                                                      │
                                  ▼                                                      ▼
                      alert lines, alerts in the store                     Dispatcher: one drill at a time,
                                                                           each in processes of its own
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

from drills.alerting import AlertRules
from drills.app.access import Act
from drills.app.context import Context
from drills.drill.recovery import recover
from drills.errors import SandboxBusy
from drills.json_log import JsonLog
from drills.model.responder_kind import answered_blind
from drills.monitoring.monitor import Monitor
from drills.monitoring.sandbox_prober import SandboxProber
from drills.reporting.report import reports_into
from drills.sandbox.sandbox import Sandbox
from drills.schedule.calendar import keep_calendar
from drills.schedule.dispatcher import CommandFor
from drills.schedule.starter import Command
from drills.store.alert_sink import StoredAlerts
from drills.store.copies import fallback_folders
from drills.store.holder import hold, holder_of
from drills.store.occurrence_log import DueDrill
from drills.store.retention import keep_no_longer
from drills.store.store import Store
from drills.workspace.sandbox import open_sandbox
from drills.workspace.validate import require_valid
from drills.workspace.workspace import Workspace


@contextlib.asynccontextmanager
async def serving(context: Context, json_log: JsonLog) -> AsyncIterator[tuple[Coroutine[Any, Any, None], ...]]:
    """The parts of the workspace's service, to be run together until it is to stop: each goes on until cancelled.

    They probe the sandbox, raise and resolve alerts, run the calendar, and forget old observations. Raises NotAllowed,
    InvalidFiles for what `drills validate` finds in the files that are used here and by scheduled drills,
    EnvironmentFailed when another service serves this workspace, or the sandbox does not come up.
    """
    context.require_on_machine(Act.SERVE)
    workspace, clock = context.workspace, context.clock
    name = workspace.config.sandbox.name
    probes = list(workspace.probes.values())
    sandbox = open_sandbox(workspace)
    with _the_only_service(workspace, name), context.store() as store:
        scheduled = {drill for entry in workspace.config.schedule for drill in entry.drills}
        await asyncio.to_thread(require_valid, workspace.root, scheduled)
        await asyncio.to_thread(_make_ready, workspace, sandbox, store, json_log)
        alerts = StoredAlerts(store, name, json_log=json_log, clock=clock)
        rules = AlertRules.of(workspace.playbook(), probes)
        monitor = Monitor(rules, probes, alerts, clock, await asyncio.to_thread(alerts.taken_up, rules))
        prober = SandboxProber(probes, sandbox, monitor.see, json_log=json_log, clock=clock, probers=workspace.probers)
        json_log.say("serving", workspace=str(workspace.home), sandbox=name, entries=len(workspace.config.schedule))
        yield (
            monitor.run(prober),
            alerts.run(),
            keep_calendar(
                workspace.config.schedule,
                store,
                workspace.store_url,
                name,
                workspace.state_dir,
                conducting_command(workspace.home),
                clock=clock,
                json_log=json_log,
            ),
            keep_no_longer(store, workspace.config.retention.observations, clock=clock, json_log=json_log),
        )


def conducting_command(home: Path) -> CommandFor:
    """Conduct a due drill with the command line of this very installation; one for a person is blind.

    Arguments are seen in every list of processes, so the name of a blind drill is passed on standard input.
    """

    def command_for(due: DueDrill) -> Command:
        conduct: tuple[str, ...] = ("run", due.drill, "--responder", due.responder, "--quiet")
        stdin = ""
        if answered_blind(due.responder):
            conduct, stdin = ("practice", "-"), f"{due.drill}\n"
        return Command((sys.executable, "-m", "drills", *conduct, "--workspace", str(home)), stdin)

    return command_for


def _make_ready(workspace: Workspace, sandbox: Sandbox, store: Store, json_log: JsonLog) -> None:
    """Finish what a dead runner owes, and start the sandbox; leave both alone while a runner is at work on it."""
    name = workspace.config.sandbox.name
    try:
        with hold(workspace.state_dir, name, "drills serve, which starts"):
            reports, folders = (
                reports_into(workspace.reports_dir),
                fallback_folders(workspace.state_dir, workspace.reports_dir),
            )
            for line in recover(store, sandbox, name, workspace.home, reports, folders).lines():
                json_log.say("recovered", reason=line)
            sandbox.up()
    except SandboxBusy as error:
        json_log.say("sandbox-busy", reason=str(error))


def _the_only_service(workspace: Workspace, name: str) -> contextlib.ExitStack:
    """Holds the right to serve this workspace until it is closed. Raises SandboxBusy, naming who holds it."""
    stack = contextlib.ExitStack()
    try:
        stack.enter_context(hold(workspace.state_dir, f"{name}.service", "drills serve"))
    except SandboxBusy:
        holder = holder_of(workspace.state_dir, f"{name}.service")
        raise SandboxBusy(
            f"this workspace is already served by {holder or 'another service'}; stop that one first"
        ) from None
    return stack
