"""The traffic of a drill: starts Locust in a subprocess, controls it, and passes on its figures second by second."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drills.clock import Clock, SystemClock
from drills.errors import BadInput, EnvironmentFailed
from drills.model.events import TrafficEnded, TrafficSecond
from drills.model.scenario import Traffic
from drills.traffic.wire import Plan, line

#: Seconds that Locust may take to load its locustfile (about one is usual).
START_TIMEOUT = 30.0
#: Seconds without a line after which the generator counts as dead; it writes one each second.
SILENCE = 10.0
#: Seconds that the generator may take for its totals before it is killed.
STOP_TIMEOUT = 5.0
#: Seconds after which a user gives a request up, as people do.
CLIENT_TIMEOUT = 10.0
#: Longest line that is read: a second with very many routes.
_LINE_LIMIT = 16 * 1024 * 1024
#: Last lines of the generator's own log that an error shows.
_LOG_LINES = 5


@dataclass(frozen=True, slots=True)
class _Died:
    reason: str


class TrafficGenerator:
    """Users against `base_url`, paced by `traffic`. Times in what it gives are relative to `origin` (monotonic).

        start ─► seconds … (change_users, mark_baseline) ─► stop

    The subprocess ends with this process, whatever ends it, and inherits its environment unless it is given another.
    Linux ties it to the thread that called `start`: that thread has to live as long as the traffic.
    """

    def __init__(
        self,
        locustfile: Path,
        base_url: str,
        traffic: Traffic,
        origin: float,
        *,
        clock: Clock | None = None,
        environment: Mapping[str, str] | None = None,
        ca: str | None = None,
        dns: str | None = None,
    ) -> None:
        self._environment = os.environ if environment is None else environment
        self._locustfile, self._origin = locustfile.absolute(), origin
        self._clock = clock or SystemClock()
        self._plan = Plan(
            locustfile=str(self._locustfile),
            base_url=base_url.rstrip("/"),
            users=traffic.users,
            spawn_rate=traffic.spawn_rate,
            period=1.0 / traffic.requests_per_user,
            slow_after=traffic.slow_after.total_seconds(),
            client_timeout=CLIENT_TIMEOUT,
            ca=ca,
            dns=dns,
            workers=traffic.workers,
        )
        self._process: asyncio.subprocess.Process | None = None
        self._readers: tuple[asyncio.Task[None], ...] = ()
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        self._items: asyncio.Queue[TrafficSecond | _Died | None] = asyncio.Queue()
        self._ready: asyncio.Future[None] | None = None
        self._totals = {"users_total": 0, "users_suffered": 0}
        self._stopping = False

    @property
    def client_timeout(self) -> float:
        """Seconds after which an unanswered request has failed."""
        return self._plan.client_timeout

    @property
    def pid(self) -> int | None:
        """The subprocess, once it was started."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Start the users; returns when the first are on their way.

        Raises BadInput for a locustfile that cannot be used, EnvironmentFailed when Locust does not start.
        """
        if not self._locustfile.is_file():
            raise BadInput(f"{self._locustfile}: no such file; a scenario's traffic needs a locustfile")
        self._ready = asyncio.get_running_loop().create_future()
        # A session of its own: Ctrl-C is for us; we stop the users when their drill has been seen to.
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "drills.traffic.locust_runner",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            env=self._environment,
            limit=_LINE_LIMIT,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(self._plan.line())
        self._readers = (asyncio.create_task(self._read_log()), asyncio.create_task(self._read()))
        try:
            async with asyncio.timeout(START_TIMEOUT):
                await self._ready
        except TimeoutError:
            await self._end()
            raise EnvironmentFailed(f"the traffic generator did not start in {START_TIMEOUT:.0f} s") from None
        except BaseException:
            await self._end()
            raise

    async def seconds(self) -> AsyncIterator[TrafficSecond]:
        """Each second as it ends, without a gap, until `stop`. Raises EnvironmentFailed when the generator dies."""
        while (item := await self._items.get()) is not None:
            if isinstance(item, _Died):
                raise EnvironmentFailed(item.reason)
            yield item

    async def change_users(self, users: int, spawn_rate: float) -> None:
        """Go up or down to that many users, so many each second. Those who leave finish what they wait for."""
        await self._say("change", users=users, spawn_rate=spawn_rate)

    async def mark_baseline(self) -> None:
        """From now on suffering counts in the totals of `stop`."""
        await self._say("mark")

    async def stop(self) -> TrafficEnded:
        """End the users and the subprocess; again, or after its death, it only gives the totals as last known.

        Cancelled, it ends them without waiting for their totals.
        """
        self._stopping = True
        try:
            if self._process is not None and self._process.returncode is None:
                with contextlib.suppress(EnvironmentFailed, TimeoutError):
                    async with asyncio.timeout(STOP_TIMEOUT):
                        await self._say("stop")
                        await self._readers[1]
        finally:
            await self._end()
        now = self._clock.monotonic() - self._origin
        return TrafficEnded(t=now, at=self._clock.now(), **self._totals)

    async def _end(self) -> None:
        """Nothing is left when this returns."""
        self._stopping = True
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        self._items.put_nowait(None)

    async def _say(self, say: str, **body: Any) -> None:
        if self._process is None or self._process.stdin is None:
            raise EnvironmentFailed("the traffic generator was not started")
        try:
            self._process.stdin.write(line(say, **body))
            await self._process.stdin.drain()
        except (ConnectionError, RuntimeError) as error:
            raise EnvironmentFailed(self._died()) from error

    # ---- what the subprocess says ----------------------------------------------------------------------------------

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        while True:
            try:
                async with asyncio.timeout(SILENCE):
                    text = await self._process.stdout.readline()
            except TimeoutError:
                if self._ready is not None and not self._ready.done():
                    continue  # start has a limit of its own
                self._over(f"the traffic generator has said nothing for {SILENCE:.0f} s")
                return
            if not text:
                await self._readers[0]
                await self._process.wait()
                self._over(self._died())
                return
            self._heard(json.loads(text))

    def _heard(self, message: dict[str, Any]) -> None:
        match message.pop("say"):
            case "ready":
                self._settle(None)
            case "refused":
                self._settle(BadInput(message["reason"]))
            case "second":
                self._totals = {name: message.pop(name) for name in self._totals}
                message["t"] = message.pop("end") - self._origin
                for name in ("first_suffering", "last_suffering"):
                    if message[name] is not None:
                        message[name] -= self._origin
                self._items.put_nowait(TrafficSecond(at=self._clock.now(), **message))
            case "ended":
                self._totals = message

    def _settle(self, error: Exception | None) -> None:
        if self._ready is None or self._ready.done():
            return
        if error is None:
            self._ready.set_result(None)
        else:
            self._ready.set_exception(error)

    def _over(self, reason: str) -> None:
        self._settle(EnvironmentFailed(reason))
        self._items.put_nowait(None if self._stopping else _Died(reason))

    def _died(self) -> str:
        status = self._process.returncode if self._process is not None else None
        how = f"was killed by signal {-status}" if status is not None and status < 0 else f"ended with status {status}"
        said = f"; it said: {' | '.join(self._log)}" if self._log else ""
        return f"the traffic generator {how}{said}"

    async def _read_log(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        with contextlib.suppress(ValueError):  # a line beyond all limits ends the reading of the log, not the drill
            async for text in self._process.stderr:
                if said := text.decode(errors="replace").strip():
                    self._log.append(said)
