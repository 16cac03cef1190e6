"""The app's replicas: a container each behind the edge, replaced without a gap, whatever state the old ones are in."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from drills.errors import EnvironmentFailed
from drills.included_shop.compose.layout import settings_digest
from drills.included_shop.compose.service_control import ServiceControl, grace
from drills.included_shop.names import Service
from drills.sandbox.capabilities.services import Running
from drills.sandbox.compose import acts
from drills.sandbox.compose.containers import Container, at_once
from drills.sandbox.http_answers import answers_well
from drills.sandbox.ports import HOST
from drills.sandbox.state import make_folder

REPLACE_SECONDS = 30.0
#: The edge asks for the replicas' addresses twice a second.
_ENTRANCE_SECONDS = 4.0
_KEPT_LOG_BYTES = 8_000_000
_PORT = 8000


class AppReplicas:
    """Callers hold the change lock; the state's release, settings and count are what is aimed at."""

    def __init__(self, control: ServiceControl) -> None:
        self._control = control
        self._containers = control.containers

    def all(self) -> list[Container]:
        """By number: `app/1` is the first of them."""
        return self._control.of(Service.APP)

    def alive(self) -> int:
        """How many run, the frozen ones too."""
        return sum(each.running is not Running.DOWN for each in self.all())

    def adjust(self) -> None:
        """Add what is missing, drain what is too much (outdated and dead ones first); leaves the others as they are."""
        wanted = self._control.store.read().replicas
        outdated = {container.id for container in self.outdated()}
        dead = [each for each in self.all() if each.running is Running.DOWN]
        self._remove([each for each in dead if each.id in outdated])
        order = {Running.DOWN: 1, Running.PAUSED: 0, Running.UP: 0}
        present = sorted(self.all(), key=lambda each: (each.id in outdated, order[each.running], each.number))
        surplus, kept = present[wanted:], present[:wanted]
        self._drain(surplus)
        resting = [each for each in kept if each.running is Running.DOWN]
        at_once(self._containers.start, resting)
        made = self._make(wanted) if len(kept) < wanted else []
        self._await_ready([*resting, *made])
        if surplus or resting or made:
            self._await_entrance()

    def replace(self, *, release: str | None = None, then: Callable[[], None] = lambda: None) -> None:
        """Start a full set of new replicas (of `release`, or the present one), note it (`then`), drain the old ones.

        Raises EnvironmentFailed when the new ones do not come up; then the old ones go on.
        """
        # A replica that is frozen or dead serves nobody: it makes room first.
        self._remove([each for each in self.all() if each.running is not Running.UP])
        old = self.all()
        try:
            self._await_ready(self._make(len(old) + self._control.store.read().replicas, release))
        except BaseException:  # A Ctrl-C too: the old ones alone are to go on.
            before = {container.id for container in old}
            self._remove([each for each in self.all() if each.id not in before])
            raise
        then()
        self._await_entrance()
        self._drain(old)

    def replace_one(self, number: int) -> None:
        """A new replica that replaces that one."""
        self._remove(self.numbered(number))
        self.adjust()

    def outdated(self) -> list[Container]:
        """Replicas of another release, or with other settings, than the state says."""
        state = self._control.store.read()
        wanted = settings_digest(self._control.shop, Service.APP, state.settings)
        return [each for each in self.all() if each.release != state.release or self._control.made_with(each) != wanted]

    def stop_one(self, number: int) -> None:
        acts.stop(self._containers, self.numbered(number), grace)

    def kill_one(self, number: int) -> None:
        acts.kill(self._containers, self.numbered(number))

    def pause_one(self, number: int) -> None:
        acts.pause(self._containers, self.numbered(number))

    def resume_one(self, number: int) -> None:
        acts.resume(self._containers, self.numbered(number))

    def numbered(self, number: int) -> list[Container]:
        """The replica of that number, if it is there."""
        return self.all()[number - 1 : number]

    def _make(self, count: int, release: str | None = None) -> list[Container]:
        """Add replicas until there are that many; returns the new ones."""
        before = {container.id for container in self.all()}
        if count > len(before):
            variables = self._control.variables() | ({"SHOP_RELEASE": release} if release else {})
            options = ["--no-deps", "--no-recreate", "--scale", f"app={count}"]
            with acts.woken(self._containers, self.all()):
                self._control.cli.up([Service.APP], variables, options=options)
        return [container for container in self.all() if container.id not in before]

    def _await_ready(self, replicas: Sequence[Container]) -> None:
        """Until each answers by itself. Raises EnvironmentFailed."""
        deadline = time.monotonic() + REPLACE_SECONDS
        waiting = {container.id for container in replicas}
        while waiting:
            for each in self.all():
                if each.id in waiting and each.running is Running.DOWN:
                    said = self._control.last_words(Service.APP, each)
                    raise EnvironmentFailed(f"app did not come up (ended at once): {said}")
                port = each.ports.get(_PORT)
                if each.id in waiting and port and answers_well(f"http://{HOST}:{port}/health"):
                    waiting.discard(each.id)
            if waiting and time.monotonic() > deadline:
                said = self._control.last_words(Service.APP)
                raise EnvironmentFailed(f"app did not come up (no answer within {REPLACE_SECONDS:g} s): {said}")
            time.sleep(0.05)

    def _await_entrance(self) -> None:
        """Until the edge has found the replicas, or a moment has passed: the edge may be what is broken."""
        if self._control.running(Service.EDGE) is not Running.UP or self._control.running(Service.APP) is Running.DOWN:
            return
        deadline = time.monotonic() + _ENTRANCE_SECONDS
        port = self._control.store.read().ports[Service.APP]
        while not answers_well(f"http://{HOST}:{port}/health") and time.monotonic() < deadline:
            time.sleep(0.05)

    def _drain(self, replicas: Sequence[Container]) -> None:
        acts.stop(self._containers, replicas, grace)
        self._remove(replicas)

    def _remove(self, replicas: Sequence[Container]) -> None:
        """Their logs are kept: an incident is often understood by what the old release wrote."""
        for each in replicas:
            self._keep_log(each)
        at_once(self._containers.remove, replicas)

    def _keep_log(self, replica: Container) -> None:
        make_folder(self._control.layout.logs)
        path = self._control.layout.logs / "app.log"
        try:
            if path.is_file() and path.stat().st_size > _KEPT_LOG_BYTES:
                path.unlink()
            with path.open("a", encoding="utf-8") as file:
                file.write(self._containers.logs(replica))
        except OSError as error:
            raise EnvironmentFailed(f"{path}: cannot be written: {error.strerror}") from error
