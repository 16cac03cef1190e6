"""`serve`: the whole service of one workspace, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable
from pathlib import Path

from drills.alerting import AlertRules
from drills.clock import Clock, SystemClock
from drills.drill.recovery import recover
from drills.errors import SandboxBusy
from drills.json_log import JsonLog
from drills.model.responder_kind import answered_blind
from drills.monitoring.monitor import Monitor
from drills.reporting.report import reports_into
from drills.sandbox.sandbox import Sandbox
from drills.schedule.calendar import keep_calendar
from drills.schedule.dispatcher import CommandFor
from drills.schedule.starter import Command
from drills.service.alerts import StoredAlerts
from drills.service.retention import keep_no_longer
from drills.service.sandbox_prober import SandboxProber
from drills.service.stopping import until_told_to_stop
from drills.store.copies import places
from drills.store.holder import hold, holder_of
from drills.store.occurrence_log import DueDrill
from drills.store.store import Store
from drills.workspace.sandbox import open_sandbox
from drills.workspace.workspace import Workspace


async def serve(
    workspace: Workspace,
    *,
    clock: Clock | None = None,
    write: Callable[[str], None] | None = None,
    command_for: CommandFor | None = None,
    bring_up: bool = True,
) -> None:
    """Probe the workspace's sandbox, raise and resolve alerts, and run its calendar, until SIGTERM or SIGINT.

    Raises EnvironmentFailed when another service serves this workspace, or the sandbox does not come up; BadInput
    for a probe or an entry of the schedule that cannot be used.
    """
    clock = clock or SystemClock()
    json_log = JsonLog(write or _write_line, clock)
    name = workspace.config.sandbox.name
    probes = list(workspace.probes.values())
    sandbox = open_sandbox(workspace)
    with _the_only_service(workspace, name), contextlib.closing(Store.open(workspace.store_url, clock=clock)) as store:
        await asyncio.to_thread(_make_ready, workspace, sandbox, store, json_log, bring_up=bring_up)
        alerts = StoredAlerts(store, name, json_log=json_log, clock=clock)
        rules = AlertRules.of(workspace.playbook(), probes)
        monitor = Monitor(rules, probes, alerts, clock, await asyncio.to_thread(alerts.taken_up, rules))
        prober = SandboxProber(
            probes, lambda: sandbox.addresses, monitor.see, json_log=json_log, clock=clock, probers=workspace.probers
        )
        json_log.say("serving", workspace=str(workspace.home), sandbox=name, entries=len(workspace.config.schedule))
        await until_told_to_stop(
            monitor.run(prober),
            alerts.run(),
            keep_calendar(
                workspace.config.schedule,
                store,
                workspace.store_url,
                name,
                workspace.state_dir,
                command_for or conducting_command(workspace.home),
                clock=clock,
                json_log=json_log,
            ),
            keep_no_longer(store, workspace.config.retention.observations, clock=clock, json_log=json_log),
        )
        json_log.say("stopped")


def conducting_command(home: Path) -> CommandFor:
    """Conduct a due drill with the command line of this very installation; one for a person is blind.

    Arguments are seen in every list of processes, so the name of a blind drill is passed on standard input.
    """

    def command_for(due: DueDrill) -> Command:
        conduct: tuple[str, ...] = ("run", due.drill, "--responder", due.responder, "--quiet")
        told = ""
        if answered_blind(due.responder):
            conduct, told = ("practice", "-"), f"{due.drill}\n"
        return Command((sys.executable, "-m", "drills", *conduct, "--workspace", str(home)), told)

    return command_for


def _make_ready(workspace: Workspace, sandbox: Sandbox, store: Store, json_log: JsonLog, *, bring_up: bool) -> None:
    """Finish what a dead runner owes, and start the sandbox; leave both alone while a runner is at work on it."""
    name = workspace.config.sandbox.name
    try:
        with hold(workspace.state_dir, name, "drills serve, which starts"):
            reports, folders = reports_into(workspace.reports_dir), places(workspace.state_dir, workspace.reports_dir)
            for line in recover(store, sandbox, name, workspace.home, reports, folders).lines():
                json_log.say("recovered", reason=line)
            if bring_up:
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


def _write_line(line: str) -> None:
    print(line, flush=True)
