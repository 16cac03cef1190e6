"""The course of one drill: steady state, baseline, fault, response, measured recovery, and undo of everything.

sandbox up ─► state owed to the journal ─► traffic + probes ─► steady state held ─► baseline taken
    ─► faults (undo written first) ─► alert ─► responder ─► users recovered ─► ended ─► all undone
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from drills.clock import Clock
from drills.drill.disturbances import disturbance_of, faults_of
from drills.drill.ending import ending
from drills.drill.guard import stand_guard, thrown
from drills.drill.journey_users import JourneyUsers
from drills.drill.monitoring import DrillMonitoring
from drills.drill.plan import DrillPlan
from drills.drill.recorder import Recorder
from drills.drill.responding import answer_with_runbook
from drills.errors import Aborted, DrillsError, EnvironmentFailed
from drills.faults.injection import inject, lacking
from drills.faults.link_fault import CUT, disturbed_links
from drills.faults.restoring import owe_restore, owe_stop
from drills.faults.settling import settle_owed
from drills.impact.assessment import assess
from drills.impact.hindrances import hindrances
from drills.model.events import (
    Actor,
    AlertFired,
    BaselineTaken,
    DrillAborted,
    DrillEnded,
    DrillSkipped,
    EnvironmentLost,
    Escalated,
    Event,
    FaultApplied,
    FaultFailed,
    FaultVerified,
    ResponderKind,
    SandboxReady,
    SteadyStateFailed,
    SteadyStateHeld,
    TrafficSecond,
    TrafficStarted,
)
from drills.model.scenario import Injection
from drills.model.timeline import Timeline
from drills.model.traffic_surge import TrafficSurge
from drills.responders.escalation import rungs_due
from drills.responders.runbook import Surroundings
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.declared.sandbox import DeclaredSandbox
from drills.sandbox.sandbox import Sandbox
from drills.store.store import Store
from drills.store.switch import KillSwitch
from drills.traffic.generator import TrafficGenerator
from drills.waiting import alongside, in_thread

T = TypeVar("T")

#: How long the generator may take beyond its plan to have all the users of a surge, in seconds.
SURGE_PATIENCE = 10.0
#: How often the course is checked, in seconds.
STEP = 0.25


#: What generates the users' requests.
Traffic = TrafficGenerator | JourneyUsers


class NotValid(Exception):
    """The drill cannot be scored; the event that says why is on the timeline already."""


class Course:
    """One drill while it runs. Everything that it says is an event; it keeps nothing that the timeline does not."""

    def __init__(
        self,
        plan: DrillPlan,
        sandbox: Sandbox,
        store: Store,
        recorder: Recorder,
        clock: Clock,
        surroundings: Surroundings,
    ) -> None:
        self._plan = plan
        self._sandbox = sandbox
        self._switch = KillSwitch(store)
        self._recorder = recorder
        self._clock = clock
        self._surroundings = surroundings
        self._alerted = asyncio.Event()

    async def run(self) -> None:
        """Conduct the drill and undo everything, whatever happens in between.

        Raises CancelledError when cancelled, after everything was undone and the drill recorded as aborted.
        """
        try:
            await self._conduct()
        except NotValid:
            pass
        except Aborted as reason:
            self._recorder.emit(DrillAborted(**self._recorder.now(), reason=str(reason)))
        except EnvironmentFailed as reason:
            self._recorder.emit(EnvironmentLost(**self._recorder.now(), reason=str(reason)))
        except asyncio.CancelledError:
            self._recorder.emit(DrillAborted(**self._recorder.now(), reason=await in_thread(self._why_ended)))
            raise
        except DrillsError as reason:
            self._recorder.emit(EnvironmentLost(**self._recorder.now(), reason=str(reason)))
            raise
        except Exception as error:
            what = f"drills itself failed: {type(error).__name__}: {error}".splitlines()[0]
            self._recorder.emit(EnvironmentLost(**self._recorder.now(), reason=what))
            raise
        finally:
            await in_thread(self._mend)

    async def _conduct(self) -> None:
        why_never = lacking(faults_of(self._plan.scenario), self._sandbox)
        if why_never is not None:
            self._recorder.emit(DrillSkipped(**self._recorder.now(), reason=why_never))
            raise NotValid
        began = self._clock.monotonic()
        stop = await self._owing(owe_stop, self._recorder, self._sandbox, self._recorder.drill_id)
        if stop is not None:
            self._recorder.emit(stop.event(**self._recorder.now()))
        await in_thread(self._sandbox.up)
        self._record_sandbox(self._clock.monotonic() - began)
        owed = await self._owing(owe_restore, self._recorder, self._sandbox, self._recorder.drill_id)
        self._recorder.emit(owed.event(**self._recorder.now()))
        await in_thread(self._save_data)
        await in_thread(self._prepare_links)
        plan, addresses = self._plan, self._sandbox.addresses
        traffic = self._users_of(addresses)
        monitoring = DrillMonitoring(
            self._recorder,
            plan.playbook,
            plan.probes,
            addresses,
            self._clock,
            self._on_alert,
            probers=plan.probers,
            sandbox=self._sandbox,
        )
        await traffic.start()
        try:
            guard = stand_guard(plan.scenario.abort, self._switch, self._surroundings.folder, self._clock)
            background = [monitoring.run(), guard, self._count(traffic), self._take_in()]
            if plan.responder is ResponderKind.RUNBOOK:
                surroundings = self._surroundings.at(addresses)
                background.append(answer_with_runbook(plan, self._recorder, surroundings, self._alerted, self._clock))
            await alongside(self._phases(monitoring, traffic), *background)
        finally:
            self._recorder.defer(await traffic.stop())

    def _save_data(self) -> None:
        """Data that a team keeps is dumped before anything is changed."""
        if isinstance(self._sandbox, DeclaredSandbox):
            faults = faults_of(self._plan.scenario)
            self._sandbox.save_data(each for fault in faults for each in fault.affected(self._sandbox))

    def _prepare_links(self) -> None:
        """Route the links that will be disturbed through Toxiproxy from now on. In a blind drill all of them, so that
        the responder cannot tell from it what will happen.
        """
        sandbox = self._sandbox
        if Capability.LINKS not in sandbox.capabilities:
            return
        faults = faults_of(self._plan.scenario)
        named = [each.name for each in sandbox.links.list()] if self._plan.blind else disturbed_links(faults)
        sandbox.links.put_in([each for each in named if sandbox.refusal(each, CUT) is None])

    def _users_of(self, addresses: Mapping[str, str]) -> Traffic:
        plan, origin = self._plan, self._recorder.record.origin
        offered = plan.scenario.traffic
        if plan.locustfile is None:
            journeys = [spec for name in offered.journeys for spec in plan.probes if spec.name == name]
            return JourneyUsers(journeys, addresses, offered, origin, self._clock)
        host = addresses[plan.entrance]
        by_name = host.startswith("https:")
        return TrafficGenerator(
            plan.locustfile,
            host,
            offered,
            origin,
            environment=self._surroundings.environment,
            ca=addresses.get("ca") if by_name else None,
            dns=addresses.get("dns") if by_name else None,
        )

    async def _phases(self, monitoring: DrillMonitoring, traffic: Traffic) -> None:
        baseline_end = await self._hold_steady(monitoring, traffic)
        for index, injection in enumerate(self._plan.scenario.timeline):
            await self._inject(index, injection, baseline_end, traffic)
        patience = self._plan.impact_patience.total_seconds()
        while True:
            timeline = self._recorder.timeline
            impact = assess(timeline)
            for due in rungs_due(timeline, impact, self._recorder.t):
                called = due.rung
                raised = Escalated(
                    **self._recorder.now(), rung=called.name, contact=called.contact, reason=due.reason, due=True
                )
                self._recorder.emit(raised.model_copy(update={"by": Actor.CONDUCTOR}))
            over = ending(timeline, impact, self._recorder.t, baseline_end=baseline_end, impact_patience=patience)
            if over is not None:
                self._recorder.emit(DrillEnded(**self._recorder.now(), reason=over.reason, says=over.says))
                return
            await self._clock.sleep(STEP)

    async def _hold_steady(self, monitoring: DrillMonitoring, traffic: Traffic) -> float:
        """Wait for the steady state and take the baseline; returns t of its end. Raises NotValid."""
        scenario, recorder = self._plan.scenario, self._recorder
        hold = scenario.steady.hold.total_seconds()
        baseline = scenario.baseline.total_seconds()
        await monitoring.monitor.started.wait()
        for probe in scenario.steady.probes:
            monitoring.monitor.check_now(probe)
        deadline = recorder.t + max(hold, baseline) + self._plan.steady_patience.total_seconds()
        while True:
            since = [monitoring.passing_since(probe) for probe in scenario.steady.probes]
            t = recorder.t
            if all(start is not None and t - start >= hold for start in since):
                well_since = users_well_since(recorder.timeline, scenario.traffic.users)
                if well_since is not None and t - well_since >= baseline:
                    break
            if t > deadline:
                probe, reason = self._unsteady(monitoring)
                recorder.emit(SteadyStateFailed(**recorder.now(), probe=probe, reason=reason))
                raise NotValid
            await self._clock.sleep(STEP)
        checks = {probe: monitoring.last(probe) for probe in scenario.steady.probes}
        totals = {name: check.phases.get("total", 0.0) for name, check in checks.items() if check is not None}
        recorder.emit(SteadyStateHeld(**recorder.now(), seconds=hold, probes=totals))
        until = recorder.t
        recorder.emit(BaselineTaken(**recorder.now(), since=until - baseline, until=until))
        await traffic.mark_baseline()
        return until

    def _unsteady(self, monitoring: DrillMonitoring) -> tuple[str, str]:
        for probe in self._plan.scenario.steady.probes:
            if monitoring.passing_since(probe) is None:
                check = monitoring.last(probe)
                return probe, (check.reason or str(check.outcome)) if check is not None else "it was never checked"
        scenario = self._plan.scenario
        length = math.ceil(max(scenario.steady.hold, scenario.baseline).total_seconds())
        seconds = self._recorder.timeline.all(TrafficSecond)[-length:]
        if seconds and seconds[-1].users < scenario.traffic.users:
            return "traffic", f"only {seconds[-1].users} of {scenario.traffic.users} users have started"
        why = hindrances(seconds)
        return "traffic", "users were not without errors for long enough" + (f": {why}" if why else "")

    async def _inject(self, index: int, injection: Injection, baseline_end: float, traffic: Traffic) -> None:
        await self._clock.sleep(baseline_end + injection.at.total_seconds() - self._recorder.t)
        disturbance = disturbance_of(injection.fault)

        def emit(make: Callable[..., Event]) -> None:
            """Called in the fault's thread: the event is on the timeline before the fault goes on."""
            self._recorder.emit(make(**self._recorder.now()))

        if isinstance(disturbance, TrafficSurge):
            done = await self._change_traffic(index, disturbance, traffic)
        else:
            recorder = self._recorder
            done = await self._owing(inject, recorder, self._sandbox, recorder.drill_id, index, disturbance, emit)
        if not done:
            raise NotValid

    async def _change_traffic(self, index: int, surge: TrafficSurge, traffic: Traffic) -> bool:
        """The sandbox is not changed, so no undo is owed. The users counted in the next seconds are the evidence."""
        recorder = self._recorder
        recorder.emit(FaultApplied(**recorder.now(), fault=index, fault_kind=surge.kind, summary=surge.summary()))
        await traffic.change_users(surge.users, surge.spawn_rate)
        deadline = recorder.t + surge.users / surge.spawn_rate + SURGE_PATIENCE
        while (users := self._users()) < surge.users:
            if recorder.t > deadline:
                reason = f"the traffic has {users} users, not {surge.users}"
                recorder.emit(FaultFailed(**recorder.now(), fault=index, reason=reason))
                return False
            await self._clock.sleep(STEP)
        recorder.emit(FaultVerified(**recorder.now(), fault=index, evidence=f"{users} users"))
        return True

    def _users(self) -> int:
        second = self._recorder.timeline.last(TrafficSecond)
        return second.users if second is not None else 0

    def _on_alert(self, alert: AlertFired) -> None:
        injected = self._recorder.timeline.first(FaultApplied)
        if injected is not None and alert.t >= injected.t:
            self._alerted.set()

    async def _count(self, traffic: Traffic) -> None:
        started = False
        async for second in traffic.seconds():
            if not started:
                started = True
                spec = self._plan.scenario.traffic
                self._recorder.emit(
                    TrafficStarted(
                        **self._recorder.now(),
                        users=spec.users,
                        requests_per_second=spec.users * spec.requests_per_user,
                        slow_after=spec.slow_after.total_seconds(),
                        client_timeout=traffic.client_timeout,
                    )
                )
            self._recorder.defer(second)

    async def _take_in(self) -> None:
        while True:
            self._recorder.take_in()
            await self._clock.sleep(STEP)

    def _record_sandbox(self, seconds: float) -> None:
        has_releases = Capability.RELEASES in self._sandbox.capabilities
        releases = self._sandbox.releases.list() if has_releases else ()
        current = next((release for release in releases if release.current), None)
        self._recorder.emit(
            SandboxReady(
                **self._recorder.now(),
                services={service.name: service.version for service in self._sandbox.services.list()},
                release=current.version if current is not None else "",
                deployed_at=current.deployed_at if current is not None else None,
                seconds=round(seconds, 3),
            )
        )

    async def _owing(self, function: Callable[..., T], *arguments: Any) -> T:
        """Work in a thread that records undos; when it is cancelled, it stops waiting for the store."""
        return await in_thread(function, *arguments, hurry=self._recorder.hurry)

    def _why_ended(self) -> str:
        """Why somebody cancelled the drill: the kill switch says why it was thrown, a signal does not."""
        try:
            state = self._switch.state()
        except DrillsError:
            return "interrupted"  # A store that cannot be read says nothing.
        return thrown(state) if state.stopped else "interrupted"

    def _mend(self) -> None:
        """Settle all that this drill owes, newest first; runs in a thread, and to its end."""
        settlements = settle_owed(self._recorder.undos, self._sandbox)
        self._recorder.emit(*(each.event(**self._recorder.now()) for each in settlements))


def users_well_since(timeline: Timeline, users: int) -> float | None:
    """t since which all users have been active and none has suffered; None while that is not the case."""
    since: float | None = None
    for second in timeline.all(TrafficSecond):
        if second.users < users or second.users_suffering:
            since = None
        elif since is None:
            since = second.t - 1.0
    return since
